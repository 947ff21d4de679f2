import { Bmc, type BmcOptions } from '../../src/bmc.ts';
import { loopback, type Client } from '../../src/client/index.ts';
import { Privilege } from '../../src/commands/command.ts';
import { Context, type Channel } from '../../src/router/index.ts';
import type { Session } from '../../src/state/app/sessions.ts';
import type { BmcState } from '../../src/bmc-state.ts';
import { simWorld, type SimWorld } from '../../src/world/index.ts';

export const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };
export const HOST: Channel = { number: 15, medium: 'system-interface', maxAnswer: 248 };

export interface Rig {
  readonly bmc: Bmc;
  readonly world: SimWorld;
  /** An administrator on the LAN channel, without a session. */
  readonly client: Client;
  /** The host's own software. */
  readonly host: Client;
  /** Request data in, completion code and data out. */
  readonly send: (netFn: number, cmd: number, ...data: number[]) => Promise<number[]>;
}

/** A BMC in a simulated world, with clients that need no wire. */
export function rig(options: BmcOptions = {}): Rig {
  const world = simWorld(1);
  const bmc = new Bmc({ interfaces: [{ type: 'lan' }], sel: { bootEvents: false }, ...options }, { world });
  const client = loopback(bmc.router.enter, new Context(bmc, LAN, Privilege.Administrator));
  const host = loopback(bmc.router.enter, new Context(bmc, HOST, Privilege.Administrator));
  return {
    bmc,
    world,
    client,
    host,
    send: async (netFn, cmd, ...data) => [...(await client.raw(netFn, cmd, Uint8Array.from(data)))],
  };
}

/** What a session of this level asks with: as a log-in leaves it, without one. */
export function sessionContext(
  bmc: Bmc,
  privilege: number,
  userId = 2,
  channel: Channel = LAN,
): Context<BmcState> & { readonly session: Session } {
  const session = bmc.sessions.make(
    { kind: 'rmcp+', channel, peer: { address: '10.0.0.9', port: 623 } },
    bmc.sessions.freshId(),
  );
  session.userId = userId;
  session.userName = bmc.users.name(userId);
  session.maxPrivilege = Privilege.Administrator;
  if (!bmc.sessions.activate(session, privilege)) throw new Error('there is no place for another session');
  const context = new Context<BmcState>(bmc, channel, Privilege.Oem, 0, session, '10.0.0.9');
  return context as Context<BmcState> & { readonly session: Session };
}
