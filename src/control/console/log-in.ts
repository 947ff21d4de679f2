import type { Bmc } from '../../bmc.ts';
import { Privilege } from '../../commands/command.ts';
import { Guesses } from '../../state/app/guesses.ts';
import { sourceOf } from '../../state/app/half-open.ts';
import type { Daemon } from '../daemon.ts';
import { refusal } from '../problem.ts';
import type { Role } from '../caller.ts';
import type { Tokens } from '../tokens.ts';
import type { Visitor } from './sessions.ts';

/** Numbers that a LAN channel can have. */
const CHANNELS = Array.from({ length: 12 }, (_, number) => number);
/** In the place of a user's id: whose token it would be is not known. */
const OF_TOKENS = 0;

/** What a log-in says: a token, or a BMC's user. */
export interface Credentials {
  readonly token?: string;
  readonly user?: string;
  readonly password?: string;
  /** Default: the only one that there is. */
  readonly bmc?: string;
}

export interface From {
  readonly address: string;
  readonly port: number;
}

/** Who gets in to the web console. */
export class ConsoleLogIns {
  readonly #daemon: Daemon;
  readonly #tokens: Tokens | undefined;
  readonly #guesses: Guesses;

  constructor(daemon: Daemon, tokens: Tokens | undefined) {
    this.#daemon = daemon;
    this.#tokens = tokens;
    this.#guesses = new Guesses(daemon.world.clock);
  }

  /** Throws ControlError: nobody, whatever was wrong; 429 where a source has guessed tokens. */
  visitor(credentials: Credentials, from: From): Visitor {
    const visitor =
      credentials.token === undefined ? this.#user(credentials, from) : this.#holder(credentials.token, from);
    if (visitor) return visitor;
    throw refusal('unauthorized', 'nobody is known by this name and password, or token');
  }

  #holder(token: string, { address }: From): Visitor | undefined {
    const source = sourceOf(address);
    if (this.#guesses.isBarred(source, OF_TOKENS))
      throw refusal('too-many', 'too many wrong tokens came from there: wait a while');
    const caller = this.#tokens?.caller(token, address);
    if (caller === undefined) this.#guesses.wrong(source, OF_TOKENS, 0);
    else this.#guesses.right(source, OF_TOKENS);
    return caller && { name: caller.name, role: caller.role };
  }

  /** Under the limits of a LAN channel of its BMC, which counts it and tells of it as of any other log-in. */
  #user({ user: name, password, bmc: wanted }: Credentials, peer: From): Visitor | undefined {
    const bmc = this.#bmcOf(wanted);
    if (bmc === undefined || name === undefined || password === undefined) return undefined;
    const source = sourceOf(peer.address);
    const lans = CHANNELS.filter((number) => bmc.channels.isLan(number));
    // Where nobody of that name gets in, the first says so.
    const channel = lans.find((lan) => bmc.logIns.obstacle(name, lan, source) === undefined) ?? lans[0];
    if (channel === undefined) return undefined;
    const step = 'web console';
    const found = bmc.logIns.byPassword({ name, password, channel, peer, step }, source);
    if (typeof found === 'string') return undefined;
    const role = roleOf(found.privilegeLimit);
    if (role === undefined) {
      bmc.logIns.refused({ channel, peer, name, problem: 'privilege level', step });
      return undefined;
    }
    // Awake from now on: its user may be changed, which ends the session.
    this.#daemon.fleet.bmcs.get(bmc.name);
    return { name: `${name}@${bmc.name}`, role, account: { bmc, userId: found.id, channel } };
  }

  /** For this moment: who has not logged in keeps no BMC awake. */
  #bmcOf(name: string | undefined): Bmc | undefined {
    const { fleet } = this.#daemon;
    if (name !== undefined && name !== '') return fleet.use(name);
    const [only, ...others] = fleet.names;
    return only === undefined || others.length > 0 ? undefined : fleet.use(only);
  }
}

/** What a level of IPMI may do here; undefined: nothing. */
export function roleOf(privilege: number): Role | undefined {
  if (privilege >= Privilege.Administrator) return 'admin';
  if (privilege === Privilege.Operator) return 'operate';
  return privilege === Privilege.User ? 'read' : undefined;
}
