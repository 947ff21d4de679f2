import { Bmc, type BmcOptions } from '../../src/bmc.ts';
import {
  connectLan,
  openSol,
  type LanClient,
  type LanOptions,
  type Sol,
  type SolOptions,
} from '../../src/client/index.ts';
import { SetSolConfigurationParameters } from '../../src/commands/transport/sol.ts';
import type { ConsolePort, ConsoleSource, ModemLines } from '../../src/machine/serial-port/console.ts';
import type { SolStatus } from '../../src/wire/index.ts';
import { simWorld, type SimOptions, type SimWorld } from '../../src/world/index.ts';

const at = { host: '10.0.0.1', port: 9623 };
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Iterable<number>): string => new TextDecoder().decode(Uint8Array.from(data));

/** A machine whose console is a list of bytes. */
export class Machine implements ConsoleSource {
  readonly heard: number[] = [];
  readonly events: string[] = [];
  /** Characters that it takes before it is busy. */
  room = Infinity;
  port!: ConsolePort;

  write(characters: Uint8Array): boolean {
    this.heard.push(...characters);
    this.room -= characters.length;
    return this.room > 0;
  }
  sendBreak(): void {
    this.events.push('break');
  }
  ring(): void {
    this.events.push('ring');
  }
  setLines({ cts, dcd }: ModemLines): void {
    this.events.push(`cts ${cts} dcd ${dcd}`);
  }
  pause(): void {
    this.events.push('pause');
  }
  resume(): void {
    this.events.push('resume');
  }
  async close(): Promise<void> {
    this.events.push('closed');
  }
}

export interface Terminal extends Sol {
  readonly heard: number[];
  readonly statuses: SolStatus[];
  readonly client: LanClient;
}

/** A BMC, its machine's console and log-ins, in a simulated world. */
export async function solBench(seed = 1, weather: SimOptions = {}, options: BmcOptions = {}) {
  const world: SimWorld = simWorld(seed, weather);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:9623', cipherSuites: [1, 2, 3, 17] }],
      users: [
        { id: 2, name: 'admin', password: 'secret' },
        { id: 3, name: 'user', password: 'secret', privilege: 'user' },
      ],
      sel: { bootEvents: false },
      sol: { console: { type: 'none' } },
      ...options,
    },
    { world },
  );
  await world.until(bmc.open());
  const machine = new Machine();
  bmc.console.plug((port) => {
    machine.port = port;
    return machine;
  });
  machine.port.available(true);
  const logIn = (given: Partial<LanOptions> = {}): Promise<LanClient> =>
    world.until(connectLan(world, { ...at, user: 'admin', password: 'secret', tries: 12, ...given }));
  const terminal = async (given: SolOptions = {}, client?: LanClient): Promise<Terminal> => {
    const mine = client ?? (await logIn());
    const sol = await world.until(openSol(world.clock, mine, given));
    const heard: number[] = [];
    const statuses: SolStatus[] = [];
    sol.onData = (characters) => void heard.push(...characters);
    sol.onStatus = (status) => void statuses.push(status);
    return Object.assign(sol, { heard, statuses, client: mine });
  };
  const set = async (parameter: number, ...data: number[]): Promise<unknown> => {
    const client = await logIn();
    await world.until(
      client.send(SetSolConfigurationParameters, { channel: 1, parameter, data: Uint8Array.from(data) }),
    );
    return world.until(client.close());
  };
  return { world, bmc, machine, logIn, terminal, set };
}
