// A serial line with its BMC, and whoever types at the far end.
import { expect } from 'vitest';
import { Bmc, type BmcOptions } from '../../src/bmc.ts';
import type { Command } from '../../src/commands/command.ts';
import type { SerialInterfaceOptions } from '../../src/config/options.ts';
import { buildMessage, parseMessage } from '../../src/wire/index.ts';
import { BasicReader, encodeBasic } from '../../src/wire/serial-basic.ts';
import { simWorld, type SimWorld, type Stream } from '../../src/world/index.ts';

const PLACE = { host: '10.0.0.1', port: 2000 };
const text = (bytes: Iterable<number>): string => String.fromCharCode(...bytes);

/** Whoever is at the far end of the line: what came, and a wait for more. */
export class Console {
  seen = '';
  readonly #world: SimWorld;
  #stream: Stream | undefined;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  async plug(): Promise<void> {
    const stream = await this.#world.stream.connect(PLACE);
    this.#stream = stream;
    stream.onData = (data) => void (this.seen += text(data));
    await this.pause(5);
  }

  async pull(): Promise<void> {
    this.#stream?.destroy();
    await this.pause(20);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#world.clock.after(ms, () => resolve()));
  }

  write(data: string | Uint8Array): void {
    this.#stream?.write(typeof data === 'string' ? Uint8Array.from(data, (c) => c.charCodeAt(0)) : data);
  }

  /** What has come, without what was there before. */
  async answer(data: string | Uint8Array, ms = 20): Promise<string> {
    this.seen = '';
    this.write(data);
    await this.pause(ms);
    return this.seen;
  }
}

export async function serialBench(line: Partial<SerialInterfaceOptions> = {}, options: BmcOptions = {}) {
  const world = simWorld(7);
  const bmc = new Bmc(
    {
      sel: { bootEvents: false },
      users: [
        { id: 2, name: 'admin', password: 'secret' },
        { id: 3, name: 'oper', password: 'secret', privilege: 'operator' },
      ],
      ...options,
      interfaces: [{ type: 'serial', listen: '10.0.0.1:2000', ...line }],
    },
    { world },
  );
  await world.until(bmc.open());
  const console = new Console(world);
  await world.until(console.plug());
  const say = (line: string): Promise<string> => world.until(console.answer(line));
  /** A terminal mode command: its answer without echo. */
  const sys = async (line: string): Promise<string> => {
    const said = await say(`[${line}]\r`);
    return said.slice(said.indexOf('\n') + 1).replace(/\r\n$/, '');
  };
  /** A basic mode request: completion code and data. */
  const basic = async <Q>(command: Command<Q>, request: Q): Promise<number[]> => {
    const { netFn, cmd } = command;
    const said = await say(
      text(encodeBasic(buildMessage({ ...BMC, netFn, cmd, data: command.request.encode(request) }))),
    );
    expect(said[0]).toBe('\xa6');
    return [...answersIn(said)[0].data];
  };
  return { world, bmc, console, say, sys, basic };
}

export const BMC = { to: 0x20, toLun: 0, from: 0x81, fromLun: 0, seq: 9 };

export function answersIn(said: string) {
  const reader = new BasicReader();
  return Array.from(said, (c) => reader.take(c.charCodeAt(0))).flatMap((frame) =>
    frame ? [parseMessage(frame)!] : [],
  );
}
