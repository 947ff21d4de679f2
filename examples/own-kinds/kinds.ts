// One kind of each sort: an interface, a power strip, a console, a source of readings. Each says by its schema what
// a file may say of it, and what makes it; the block below tells the compiler of their settings.
import type { BmcState } from 'ipmi-bmc';
import { CC, IpmiError } from 'ipmi-bmc/codec';
import {
  MediumType,
  ProtocolType,
  SessionSupport,
  type BackendKind,
  type ConsoleKind,
  type InterfaceKind,
  type Kinds,
  type SourceKind,
} from 'ipmi-bmc/config';
import { Privilege } from 'ipmi-bmc/commands';
import { Context, type Channel, type Dispatch, type Interface } from 'ipmi-bmc/router';
import { endpointName, type Stream, type StreamServer, type World } from 'ipmi-bmc/world';

declare module 'ipmi-bmc/config' {
  interface BroughtInterfaces {
    hexLines: HexLinesOptions;
  }
  interface BroughtBackends {
    strip: StripOptions;
  }
  interface BroughtConsoles {
    echo: EchoOptions;
  }
  interface BroughtSources {
    daily: DailyValue;
  }
}

interface HexLinesOptions {
  readonly type: 'hex-lines';
  readonly channel?: number;
  readonly port: number;
}

/** A line is a request in hex (`18 01`: NetFn and LUN, command, data), the answer another line. */
class HexLines implements Interface<BmcState> {
  readonly channel: Channel;
  readonly #bmc: BmcState;
  readonly #world: World;
  readonly #port: number;
  readonly #streams = new Set<Stream>();
  #server: StreamServer | undefined;

  constructor(bmc: BmcState, world: World, channel: number, port: number) {
    this.#bmc = bmc;
    this.#world = world;
    this.#port = port;
    this.channel = { number: channel, medium: 'lan', maxAnswer: 255 };
  }

  get address(): string {
    const at = this.#server?.address;
    return at === undefined || 'path' in at ? '' : endpointName(at);
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    this.#server = await this.#world.stream.listen({ host: '127.0.0.1', port: this.#port }, (stream) => {
      this.#streams.add(stream);
      stream.onClose = () => this.#streams.delete(stream);
      stream.onData = (bytes) => void this.#answer(stream, Buffer.from(bytes).toString(), dispatch);
    });
  }

  async #answer(stream: Stream, line: string, dispatch: Dispatch<BmcState>): Promise<void> {
    const [netFnLun = 0, cmd = 0, ...data] =
      line.match(/[\da-f]{2}/gi)?.map((byte) => parseInt(byte, 16)) ?? [];
    const message = { netFn: netFnLun >> 2, lun: netFnLun & 3, cmd, data: Uint8Array.from(data) };
    const context = new Context(this.#bmc, this.channel, Privilege.Operator, message.lun);
    stream.write(Buffer.from(`${Buffer.from(await dispatch(message, context)).toString('hex')}\n`));
  }

  async close(): Promise<void> {
    await this.#server?.close();
    for (const stream of this.#streams) stream.destroy();
  }
}

const hexLines: InterfaceKind<HexLinesOptions> = {
  type: 'hex-lines',
  schema: (zod) =>
    zod.strictObject({
      type: zod.literal('hex-lines'),
      channel: zod.int().min(1).max(11).optional(),
      port: zod.int().min(0).max(65535),
    }),
  defaults: { channel: 5 },
  channel: ({ channel }) => ({
    number: channel,
    medium: MediumType.OtherLan,
    protocol: ProtocolType.Ipmb,
    sessionSupport: SessionSupport.None,
  }),
  dangers: ({ port }) => [`port ${port} takes commands without a log-in`],
  places: ({ port }) => [{ key: 'port', what: 'stream', place: `127.0.0.1:${port}` }],
  make({ channel, port }, { bmc, world }) {
    const lines = new HexLines(bmc, world, channel, port);
    return { interface: lines, address: () => lines.address };
  },
};

interface StripOptions {
  readonly type: 'strip';
  readonly outlet: number;
}

/** What is plugged in where; a strip over the network would be asked instead. */
export const outlets = Array.from({ length: 9 }, () => ({ on: false, isStuck: false }));

const strip: BackendKind<StripOptions> = {
  type: 'strip',
  schema: (zod) => zod.strictObject({ type: zod.literal('strip'), outlet: zod.int().min(1).max(8) }),
  make: ({ outlet }, { name }) => ({
    backend: {
      power(action) {
        if (outlets[outlet].isStuck) throw new Error(`outlet ${outlet} does not answer`);
        // Whoever can only switch says so, and the client has D5h.
        if (action !== 'on' && action !== 'off' && action !== 'cycle')
          throw new IpmiError(CC.NotSupportedInState, `an outlet cannot do ${action}`);
        outlets[outlet].on = action !== 'off';
        console.log(`${name}: outlet ${outlet} ${action}`);
      },
    },
  }),
};

interface EchoOptions {
  readonly type: 'echo';
  readonly greeting: string;
}

const echo: ConsoleKind<EchoOptions> = {
  type: 'echo',
  schema: (zod) => zod.strictObject({ type: zod.literal('echo'), greeting: zod.string() }),
  async plug({ greeting }, { bmc, name }) {
    console.log(`${name}: ${greeting}`);
    bmc.console.plug((port) => {
      port.available(true);
      return {
        write: (characters) => {
          port.received(characters);
          return true;
        },
        close: async () => undefined,
      };
    });
  },
};

interface DailyValue {
  /** The middle; the key by which the kind is known. */
  readonly daily: number;
  readonly height: number;
}

const DAY = 24 * 3600 * 1000;
const daily: SourceKind<DailyValue> = {
  key: 'daily',
  schema: (zod) => zod.strictObject({ daily: zod.number(), height: zod.number().positive() }),
  make: ({ daily: middle, height }) => ({
    moves: true,
    value: (now) => middle + height * Math.sin((2 * Math.PI * now) / DAY),
  }),
};

export const kinds: Kinds = {
  interfaces: [hexLines],
  backends: [strip],
  consoles: [echo],
  sources: [daily],
};
