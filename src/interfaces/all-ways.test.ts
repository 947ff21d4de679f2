import { expect, test } from 'vitest';
import { sessionContext } from '../../test/support/bmc.ts';
import { Bmc } from '../bmc.ts';
import { bodyBytes } from '../commands/body.ts';
import * as declared from '../commands/index.ts';
import {
  BlobTransfer,
  BridgeMessage,
  BridgeRequest,
  InboundRequest,
  MasterWriteRead,
  OutboundRequest,
  PlatformEventMessage,
  Privilege,
  SendMessage,
  type Command,
} from '../commands/index.ts';
import { handleRaw, type Context, type Message } from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';
import type { Session } from '../state/app/sessions.ts';
import { BMC_ADDRESS, buildMessage } from '../wire/index.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import { IcmbNetwork } from './index.ts';

const isCommand = (one: unknown): one is Command =>
  typeof one === 'object' &&
  one !== null &&
  'request' in one &&
  'response' in one &&
  'netFn' in one &&
  'privilege' in one;
/** Whatever is declared, now and later. */
const COMMANDS: readonly Command[] = Object.values(declared).filter(isCommand);
/** Whatever has room for a message in its request could be a bridge. */
const CARRIERS = COMMANDS.filter(({ request }) => request.max >= request.min + 16);
const BRIDGES: ReadonlySet<Command> = new Set<Command>([
  SendMessage,
  MasterWriteRead,
  BridgeRequest,
  BridgeMessage,
]);
const ADDRESSES = [BMC_ADDRESS, 0x82, 0x30];
const LEVELS = [Privilege.Callback, Privilege.User, Privilege.Operator, Privilege.Administrator];

interface Executed {
  readonly at: string;
  readonly name: string;
  readonly medium: string;
  /** Undefined where it may be. */
  readonly wrong: string | undefined;
}

/**
 * What every controller of the process carries out, and whether the session that caused it might have asked
 * for it.
 */
class Watch {
  readonly executed: Executed[] = [];
  session: Session | undefined;

  over(bmc: Bmc, home: Bmc): void {
    const handlers = [...bmc.router.claims()].map(({ handler, owner, systemInterfaceOnly }) =>
      handleRaw<BmcState>(
        handler.claim,
        (message, context, next) => {
          const { privilege, name } = handler;
          // With the body or the IANA number back in front, as the firewall sees it.
          const { netFn, body } = handler.claim;
          const prefix = bodyBytes({ netFn, body });
          const whole = { ...message, data: Uint8Array.of(...prefix, ...message.data) };
          const wrong = this.#wrong(
            bmc === home ? home : undefined,
            whole,
            context,
            privilege,
            systemInterfaceOnly,
            name,
          );
          this.executed.push({ at: bmc.name, name, medium: context.channel.medium, wrong });
          return next(message, context);
        },
        { override: owner, privilege: handler.privilege, name: handler.name },
      ),
    );
    // Owners may have a claim each on a channel or a LUN; a set overrides one owner's.
    bmc.router.register({ owner: 'watch', handlers });
  }

  #wrong(
    home: Bmc | undefined,
    message: Message,
    context: Context,
    privilege: number,
    hostOnly: boolean,
    name: string,
  ): string | undefined {
    const { session } = context.origin;
    // A controller's own event is nobody's request.
    if (session === undefined)
      return name === PlatformEventMessage.name ? undefined : 'nobody knows who asked';
    if (session !== this.session) return 'another session';
    if (session.privilege < privilege) return `level ${session.privilege} is below ${privilege}`;
    if (home && hostOnly) return 'only for the system interface';
    if (home && !home.firewall.opens(message, session.channel.number))
      return 'disabled on the channel it began on';
    return undefined;
  }
}

interface Request {
  readonly netFn: number;
  readonly cmd: number;
  readonly data: Uint8Array;
}

/** Draws requests from the world's seed. */
class Dice {
  readonly #world: SimWorld;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  below(limit: number): number {
    return this.#world.random.u32() % limit;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }

  /** A request of a command: bytes that are often right. */
  request({ netFn, cmd, body, request }: Command): Request {
    const prefix = bodyBytes({ netFn, body });
    const size = request.min + (request.max > request.min && this.below(3) === 0 ? 1 : 0);
    return {
      netFn,
      cmd,
      data: Uint8Array.of(
        ...prefix,
        ...Array.from({ length: size }, () => this.of([0, 0, 1, 1, 2, 3, 4, 14, 0x20, 0xff])),
      ),
    };
  }

  frame({ netFn, cmd, data }: Request): Uint8Array {
    const to = this.of(ADDRESSES);
    return buildMessage({
      to,
      toLun: 0,
      netFn,
      from: this.of([...ADDRESSES, 0x81, 0x81, 0x81]),
      fromLun: this.of([0, 0, 2]),
      seq: this.below(64),
      cmd,
      data,
    });
  }

  /** The request inside of another one, in every way that there is, and in ways that there are not yet. */
  wrap(inner: Request): Request {
    const frame = this.frame(inner);
    const known: (() => Request)[] = [
      () =>
        this.#carry(SendMessage, {
          channel: 0,
          tracking: this.below(3),
          encrypted: false,
          authenticated: false,
          message: frame,
        }),
      () =>
        this.#carry(SendMessage, {
          channel: this.of([1, 14, 15]),
          tracking: this.below(3),
          encrypted: false,
          authenticated: false,
          message: this.#shape(frame, inner),
        }),
      () =>
        this.#carry(SendMessage, {
          channel: 0,
          tracking: 2,
          encrypted: false,
          authenticated: false,
          message: Uint8Array.of(0, ...frame),
        }),
      () =>
        this.#carry(MasterWriteRead, {
          channel: 0,
          bus: 0,
          privateBus: false,
          slaveAddress: frame[0],
          readCount: 0,
          data: frame.subarray(1),
        }),
      () => this.#carry(this.of([BridgeRequest, BridgeMessage]), { message: this.#outbound(inner) }),
      () => this.#carry(BlobTransfer, { subCommand: this.below(12), framed: Uint8Array.of(0, 0, ...frame) }),
    ];
    if (this.below(6) > 0) return this.of([...known, () => this.#detour(inner)])();
    const { netFn, cmd, body, request } = this.of(CARRIERS);
    const prefix = bodyBytes({ netFn, body });
    const first = Array.from({ length: request.min }, () => this.of([0, 0x40, 0x80, 1, 2, 0x20, 0x82]));
    const data = Uint8Array.of(...first, ...this.#shape(frame, inner)).subarray(0, request.max);
    return { netFn, cmd, data: Uint8Array.of(...prefix, ...data) };
  }

  #carry(command: Command, values: object): Request {
    const { netFn, cmd, body } = command;
    const prefix = body === undefined ? [] : [body & 0xff, (body >> 8) & 0xff, body >> 16];
    return { netFn, cmd, data: Uint8Array.of(...prefix, ...command.request.encode(values)) };
  }

  /** There and back: a satellite is asked to send it to the BMC. */
  #detour(inner: Request): Request {
    const by = this.of([0x82, 0x30]);
    const send = (to: number, from: number, { netFn, cmd, data }: Request): Request => {
      const message = buildMessage({ to, toLun: 0, netFn, from, fromLun: 0, seq: this.below(64), cmd, data });
      return this.#carry(SendMessage, {
        channel: 0,
        tracking: this.below(3),
        encrypted: false,
        authenticated: false,
        message,
      });
    };
    return send(by, BMC_ADDRESS, send(BMC_ADDRESS, by, inner));
  }

  #inbound({ netFn, cmd, data }: Request): Uint8Array {
    return InboundRequest.encode({ slaveAddress: this.of(ADDRESSES), netFn, lun: 0, cmd, data });
  }

  #outbound(inner: Request): Uint8Array {
    const remoteCommand = this.of([BridgeRequest.cmd, BridgeMessage.cmd, inner.cmd]);
    return OutboundRequest.encode({
      remoteAddress: this.of([1, 2, 0]),
      remoteCommand,
      data: this.#inbound(inner),
    });
  }

  #shape(frame: Uint8Array, inner: Request): Uint8Array {
    const { netFn, cmd, data } = inner;
    return this.of([
      () => frame,
      () => Uint8Array.of(this.below(4), ...frame),
      () => frame.subarray(1),
      () => this.#inbound(inner),
      () => this.#outbound(inner),
      () => Uint8Array.of(netFn << 2, cmd, ...data),
    ])();
  }
}

async function rack(seed: number) {
  const world = simWorld(seed);
  const icmb = new IcmbNetwork(world);
  const make = (name: string, n: number): Bmc =>
    new Bmc(
      {
        name,
        interfaces: [{ type: 'lan', listen: `10.0.0.${n}:623` }, { type: 'ipmb' }, { type: 'icmb' }],
        users: [
          { id: 2, name: 'admin', password: 'secret' },
          { id: 3, name: 'other', password: 'secret' },
        ],
        sel: { bootEvents: false },
        chassis: { events: false },
        fru: [{ id: 0, name: 'FRU', product: { name: 'x' } }],
        firmware: { components: [{ id: 0, name: 'BMC', bmc: true }] },
        satellites: [{ address: 0x82 }, { address: 0x30 }],
      },
      { world, icmb },
    );
  const home = make('home', 1);
  const away = make('away', 2);
  const watch = new Watch();
  for (const one of [home, away]) {
    await world.until(one.open());
    for (const bmc of [one, ...one.satellites]) watch.over(bmc, home);
  }
  return { world, home, watch };
}

/**
 * Cases of one seed, which draws the masks: each a session, a level, a command and a way; wrong ones with
 * what would repeat them.
 */
async function cases(seed: number, count: number) {
  const { world, home, watch } = await rack(seed);
  const dice = new Dice(world);
  // A third of what is no bridge is disabled on the channel of the sessions.
  const masked = COMMANDS.filter((command) => !BRIDGES.has(command) && dice.below(3) === 0);
  const targets = masked.map(
    ({ netFn, cmd, body }) => [{ channel: 1, netFn, lun: 0, cmd, body }, false] as const,
  );
  await world.until(Promise.resolve(home.firewall.enable(targets)));
  for (let i = 0; i < count; i++) {
    const context = sessionContext(home, dice.of(LEVELS));
    watch.session = context.session;
    const command = dice.of(COMMANDS);
    let request = dice.request(command);
    for (let depth = dice.of([0, 1, 2, 2, 3]); depth > 0; depth--) request = dice.wrap(request);
    void home.router.enter({ ...request, lun: 0 }, context);
    // Rights may go while the message is under way.
    if (dice.below(4) === 0) context.session.privilege = Privilege.Callback;
    await world.run(20);
    home.sessions.closeAll('closed');
    // What is still under way is the closed session's, and may no more.
    await world.run(5);
    const wrong = watch.executed.filter(({ wrong: one }) => one !== undefined);
    if (wrong.length > 0) return { wrong: { seed, case: i, ...wrong[0] }, executed: watch.executed };
  }
  return { wrong: undefined, executed: watch.executed };
}

const SEEDS = Number(process.env.RIGHTS_SEEDS ?? 4);

test('I1: no request has more rights than the session that caused it, over all commands and all ways', async () => {
  const reached = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { wrong, executed } = await cases(seed, 200);
    expect(wrong, `seed ${seed}`).toBeUndefined();
    for (const { at, medium } of executed) reached.add(`${at} ${medium}`);
  }
  // The ways do lead somewhere.
  expect([...reached]).toEqual(
    expect.arrayContaining(['home lan', 'home ipmb', 'home/82h ipmb', 'away icmb', 'away ipmb']),
  );
});
