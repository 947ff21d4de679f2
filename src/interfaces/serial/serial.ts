import type { CounterTable } from '../../joint/counters.ts';
import { CC, fromLatin1, hex2 } from '../../codec/index.ts';
import { Privilege, type Command } from '../../commands/command.ts';
import { GetChannelAuthenticationCapabilities } from '../../commands/app/sessions.ts';
import { ConnectionState, SerialModemConnectionActive } from '../../commands/transport/serial.ts';
import { SolActivating, SolState } from '../../commands/transport/sol.ts';
import { Context, OutQueue, type Channel, type Dispatch, type Interface } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { ConnectionMode, MuxControl } from '../../state/parameters/serial-parameters.ts';
import { Requester } from '../../services/bridging/requester.ts';
import type { Session } from '../../state/app/sessions.ts';
import type { SerialChannel, SerialPort } from '../../services/serial/serial.ts';
import { BasicMode, BasicReader, encodeBasic } from '../../wire/serial-basic.ts';
import { EscapeWatch, type EscapeRequest } from '../../wire/serial-escape.ts';
import { formatTerminal, newlineOf, parseTerminal, TerminalReader } from '../../wire/serial-terminal.ts';
import { BMC_ADDRESS, parseMessage, SMS_LUN, type IpmiMessage } from '../../wire/index.ts';
import { streamName, type Timer } from '../../world/world.ts';
import { Exchange } from '../exchange.ts';
import { basicFrames, SerialArrival, type ConsoleFrames } from './arrival.ts';
import { basicRequest, terminalBridged, terminalRequest } from './console-messages.ts';
import { TextCommands } from './text-commands.ts';
import {
  CONSOLE_WAIT,
  PING,
  BRIDGED,
  ESCAPE_ACKNOWLEDGE,
  TERMINAL_CONSOLE,
  MAX_ANSWER,
  type SerialOptions,
} from './options.ts';

export type { SerialOptions } from './options.ts';

const text = new TextEncoder();
const COUNTERS = {
  malformed: { unit: 'messages', counts: 'dropped: a frame of basic mode that holds none' },
} satisfies CounterTable;

/**
 * IPMI over a serial line or a modem (IPMI 2.0 §14): basic and terminal mode, told apart by what comes; one
 * session.
 */
export class SerialInterface implements Interface<BmcState>, SerialPort {
  readonly counterTable = COUNTERS;
  readonly counters = { malformed: 0 };
  readonly channel: Channel;
  readonly #options: SerialOptions;
  readonly #serial: SerialChannel;
  readonly #basic = new BasicReader();
  readonly #terminal = new TerminalReader();
  readonly #escapes = new EscapeWatch();
  readonly #commands: TextCommands;
  readonly #out: OutQueue<Uint8Array>;
  #blocked = false;
  readonly #exchange: Exchange;
  #ping: Timer | undefined;
  #pings = 0;
  #undo: (() => void)[] = [];
  /** Requests to the console: those that Send Message tracks. */
  readonly #requester: Requester;
  readonly #terminalFrames: ConsoleFrames;
  /** Those of the console's last message. */
  #frames: ConsoleFrames = basicFrames;

  constructor(options: SerialOptions) {
    const { bmc, line, channel } = options;
    const serial = bmc.serial.get(channel);
    if (!serial) throw new RangeError(`channel ${channel} is no serial/modem channel`);
    this.#options = options;
    this.#exchange = new Exchange(bmc);
    this.#terminalFrames = {
      answer: ({ netFn, toLun: lun, seq, cmd }, data) =>
        this.#line(`[${formatTerminal({ netFn: netFn | 1, lun, seq, bridge: 0, cmd, data })}]`),
      bridged: (message) => this.#bridgedLine(message),
    };
    this.#serial = serial;
    this.channel = { number: channel, medium: 'serial', maxAnswer: MAX_ANSWER };
    this.#commands = new TextCommands({
      bmc,
      serial,
      channel: this.channel,
      ask: (message) => this.#exchange.ask(message, this.#context(message.lun)),
      check: (message) => bmc.router.check(message, this.#context(message.lun)),
    });
    this.#requester = new Requester({
      clock: bmc.setup.clock,
      address: BMC_ADDRESS,
      timeout: CONSOLE_WAIT,
      tries: 1,
      write: (message, handle) =>
        this.#sendTo(bmc.sessions.byHandle(handle), message) ? 'taken' : 'bus-error',
    });
    this.#out = new OutQueue((bytes) => {
      // Without carrier there is nobody to wait for.
      if (!line.carrier) return true;
      if (this.#blocked) return false;
      bmc.taps.frame?.({ direction: 'out', channel: this.channel, peer: this.peer, bytes });
      this.#blocked = !line.write(bytes);
      return true;
    });
    line.onData = (data) => this.#receive(data);
    line.onCarrier = (up) => this.#carrier(up);
    line.onDrain = () => {
      this.#blocked = false;
      this.#out.ready();
    };
  }

  get unsent(): number {
    return this.#out.length;
  }

  get messaging(): boolean {
    return this.#options.bmc.sessions.activeOn(this.channel.number) !== undefined;
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    this.#exchange.open(dispatch);
    await this.#options.line.open();
    const { bmc } = this.#options;
    const { number } = this.channel;
    this.#undo = [
      this.#serial.connect(this),
      bmc.bridge.connect(number, {
        kind: 'sessions',
        requester: this.#requester,
        send: (session, message) => this.#sendTo(session, message),
      }),
      bmc.sessions.onClose((session) => session.channel.number === number && this.#serial.forgetTerminal()),
      this.#serial.onSwitch((side) => {
        if (side === 'bmc' && this.#serial.muxControl(1) & MuxControl.Ping) this.ping(this.#state());
      }),
      ...(this.#serial.sharing
        ? [
            bmc.console.listen({
              onData: (characters) => this.#serial.mux === 'system' && this.#out.put(characters.slice()),
            }),
          ]
        : []),
    ];
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    this.#ping?.cancel();
    this.#endSession();
    await this.#options.line.close();
  }

  ping(state: number): void {
    this.#tell(
      SerialModemConnectionActive,
      SerialModemConnectionActive.request.encode({ state, ipmiMajor: 2, ipmiMinor: 0 }),
    );
  }

  solActivating(instance: number): void {
    this.#tell(
      SolActivating,
      SolActivating.request.encode({
        sessionState: SolState.Activating,
        instance,
        majorVersion: 1,
        minorVersion: 0,
      }),
    );
  }

  /** A request to the console, in the mode that it speaks. */
  #tell(command: Command, data: Uint8Array): void {
    const seq = this.#pings++ & 0x3f;
    if (this.#serial.modes & ConnectionMode.Basic)
      this.#out.put(encodeBasic(basicRequest(command, seq, data)));
    else this.#say(terminalRequest(command, seq, data));
  }

  dial({
    hangUp,
    init,
    dial,
  }: {
    readonly hangUp: string;
    readonly init: string;
    readonly dial: string;
  }): void {
    this.#endSession();
    for (const line of [hangUp, init, dial]) if (line !== '') this.#out.put(text.encode(`${line}\r`));
  }

  #carrier(up: boolean): void {
    this.#out.clear();
    this.#blocked = false;
    if (up) {
      this.#startPings(PING.first);
    } else {
      this.#ping?.cancel();
      this.#ping = undefined;
      this.#serial.forgetTerminal();
      if (this.#serial.closesWithCarrier || !(this.#serial.modes & ConnectionMode.Direct)) this.#endSession();
    }
  }

  #endSession(): void {
    const { sessions } = this.#options.bmc;
    const session = sessions.activeOn(this.channel.number);
    if (session) sessions.close(session, 'closed');
  }

  #state(): number {
    return this.messaging ? ConnectionState.SessionActive : ConnectionState.NoSession;
  }

  /** A timer runs only while pings are wanted. */
  #startPings(after: number): void {
    if (this.#ping || !this.#options.line.carrier || !(this.#serial.muxControl(1) & MuxControl.Ping)) return;
    this.#ping = this.#options.clock.after(after, () => {
      this.#ping = undefined;
      if (this.#serial.mux === 'bmc') this.ping(this.#state());
      this.#startPings(PING.interval);
    });
  }

  #receive(data: Uint8Array): void {
    this.#options.bmc.taps.frame?.({ direction: 'in', channel: this.channel, peer: this.peer, bytes: data });
    let forwarded: number[] | undefined;
    for (const byte of data) {
      if (this.#serial.mux === 'system') (forwarded ??= []).push(byte);
      this.#take(byte);
    }
    if (forwarded) this.#options.bmc.console.write(Uint8Array.from(forwarded));
  }

  #take(byte: number): void {
    const { modes, mux } = this.#serial;
    const within = this.#basic.inside || byte === BasicMode.Start;
    const frame = modes & ConnectionMode.Basic ? this.#basic.take(byte) : undefined;
    if (frame) {
      const message = parseMessage(frame, 0, frame.length, true);
      if (mux === 'system' && !(message && this.#asksForBmc(message))) return;
      if (message) this.#serveBasic(message);
      else this.counters.malformed++;
      return;
    }
    if (within && modes & ConnectionMode.Basic) return;
    const wanted = this.#escapes.take(byte);
    if (wanted) return this.#escape(wanted);
    if (mux === 'system' || !(modes & ConnectionMode.Terminal)) return;
    const { echo, line } = this.#terminal.take(byte, this.#serial.terminal);
    if (echo !== undefined) this.#out.put(fromLatin1(echo));
    if (line) this.#serveLine(line.text, line.tooLong);
  }

  /** A basic mode console announces itself to a BMC behind a switch (§14.2.9 table 14-3). */
  #asksForBmc({ netFn, cmd }: IpmiMessage): boolean {
    const { netFn: wanted, cmd: asked } = GetChannelAuthenticationCapabilities;
    return (
      netFn === wanted &&
      cmd === asked &&
      (this.#serial.muxControl(0) & MuxControl.BasicPattern) !== 0 &&
      this.#serial.switchTo('bmc')
    );
  }

  #escape(wanted: EscapeRequest): void {
    const control = this.#serial.muxControl(0);
    const chassis = (action: 'reset' | 'on'): void => {
      const done = this.#options.bmc.chassis.control(action);
      this.#options.bmc.setup.log.info(`power ${action} by the serial line, channel ${this.channel.number}`, {
        event: 'power',
        action,
      });
      void done?.catch((error: unknown) => this.#options.bmc.setup.log.error(`serial: ${action}`, error));
    };
    if (wanted === 'to-bmc' && control & MuxControl.EscapeToBmc) {
      this.#serial.switchTo('bmc');
      this.#out.put(text.encode(ESCAPE_ACKNOWLEDGE));
      if (this.#serial.modes & ConnectionMode.Terminal) this.#say('[TMODE OK]');
    } else if (wanted === 'to-system' && control & MuxControl.EscapeToSystem && this.#serial.mux === 'bmc') {
      if (this.#serial.switchTo('system')) this.#out.put(text.encode(ESCAPE_ACKNOWLEDGE));
    } else if (wanted === 'reset' && control & MuxControl.ResetEscape) {
      chassis('reset');
    } else if (wanted === 'power-up' && control & MuxControl.PowerUpEscape) {
      this.#out.put(text.encode(ESCAPE_ACKNOWLEDGE));
      chassis('on');
    }
  }

  #serveBasic(request: IpmiMessage): void {
    if (request.to !== BMC_ADDRESS) return;
    this.#out.put(Uint8Array.of(BasicMode.Handshake));
    this.#serve(request, basicFrames);
  }

  #serveLine(line: string, tooLong: boolean): void {
    if (tooLong) {
      this.#say(`[ERR ${hex2(CC.RequestLengthExceeded)}]`);
    } else if (/^ ?sys\b/i.test(line)) {
      const answer = this.#commands.run(line.trim());
      if (answer instanceof Promise)
        void answer.then((lines) => this.#say(lines.join(newlineOf(this.#serial.terminal))));
      else this.#say(answer.join(newlineOf(this.#serial.terminal)));
    } else {
      const message = parseTerminal(line);
      if (!message) this.#say(`[ERR ${hex2(CC.InvalidDataField)}]`);
      else if (message.netFn % 2 === 1 || message.bridge === 0) {
        const { netFn, lun, seq, cmd, data } = message;
        const request = {
          to: BMC_ADDRESS,
          toLun: lun,
          netFn,
          from: TERMINAL_CONSOLE,
          fromLun: 0,
          seq,
          cmd,
          data,
        };
        this.#serve(request, this.#terminalFrames);
      }
    }
    if (this.#serial.terminal.handshake) this.#say('[SYS]');
  }

  #serve(request: IpmiMessage, frames: ConsoleFrames): void {
    const { bmc } = this.#options;
    const { sessions } = bmc;
    const session = sessions.activeOn(this.channel.number);
    if (session) sessions.heard(session);
    this.#frames = frames;
    if (request.netFn % 2 === 1 && request.toLun !== SMS_LUN) {
      if (session) this.#requester.respond(request, session.handle);
      return;
    }
    this.#exchange.serve(new SerialArrival(bmc, this, { request, frames, session }));
  }

  /** The highest level that the line gives: without a session, what it is open for. */
  get rights(): number {
    return this.messaging ? Privilege.Oem : this.#serial.open;
  }

  /** Where the line ends, in text. */
  get peer(): string {
    return streamName(this.#options.line.address);
  }

  /** Says what a request was answered. */
  respond(bytes: Uint8Array): void {
    this.#out.put(bytes);
    // A parameter that was just set may have switched them on.
    this.#startPings(PING.first);
  }

  /** Says a bridged response, apart from the answer before it. */
  respondBridged(arrival: SerialArrival, message: Uint8Array): void {
    this.#options.clock.after(BRIDGED, () => {
      if (arrival.isAwaited) this.#out.put(arrival.frames.bridged(message));
    });
  }

  /** The one session that a line has. */
  #sendTo(session: Session | undefined, message: Uint8Array): boolean {
    if (!session?.active || session !== this.#options.bmc.sessions.activeOn(this.channel.number))
      return false;
    this.#out.put(this.#frames.bridged(message));
    return true;
  }

  #context(lun: number): Context<BmcState> {
    const { bmc } = this.#options;
    const session = bmc.sessions.activeOn(this.channel.number);
    return new Context(bmc, this.channel, this.rights, lun, session, this.peer);
  }

  #line(reply: string): Uint8Array {
    return fromLatin1(`${reply}${newlineOf(this.#serial.terminal)}`);
  }

  #bridgedLine(message: Uint8Array): Uint8Array {
    const reply = terminalBridged(message);
    return reply === undefined ? new Uint8Array(0) : this.#line(reply);
  }

  #say(reply: string): void {
    this.#out.put(this.#line(reply));
  }
}
