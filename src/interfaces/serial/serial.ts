import { CC, fromLatin1, hex2, IpmiError } from '../../codec/index.ts';
import { Privilege, type Command } from '../../commands/command.ts';
import { GetChannelAuthenticationCapabilities } from '../../commands/app/sessions.ts';
import { ConnectionState, SerialModemConnectionActive } from '../../commands/transport/serial.ts';
import { SolActivating, SolState } from '../../commands/transport/sol.ts';
import { Context, notOpen, OutQueue, partyOf, type Answer, type Channel, type Dispatch, type Interface } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { ConnectionMode, MuxControl } from '../../state/parameters/serial-parameters.ts';
import { Requester } from '../../services/bridging/requester.ts';
import type { Session } from '../../state/app/sessions.ts';
import type { SerialChannel, SerialPort } from '../../services/serial/serial.ts';
import { BasicMode, BasicReader, encodeBasic } from '../../wire/serial-basic.ts';
import { EscapeWatch, type EscapeRequest } from '../../wire/serial-escape.ts';
import { formatTerminal, newlineOf, parseTerminal, TerminalReader } from '../../wire/serial-terminal.ts';
import { BMC_ADDRESS, buildMessage, buildResponse, parseMessage, REMOTE_CONSOLE, SMS_LUN, type IpmiMessage } from '../../wire/index.ts';
import { streamName, type Clock, type Timer } from '../../world/world.ts';
import type { SerialLine } from './line.ts';
import { TextCommands } from './text-commands.ts';

export interface SerialOptions {
  readonly bmc: BmcState;
  readonly clock: Clock;
  readonly line: SerialLine;
  readonly channel: number;
}

/** Most bytes of an answer: 255 less addresses and checksums, as on a LAN. */
const MAX_ANSWER = 248;
/** Milliseconds that a console has to answer a request that was bridged to it. */
const CONSOLE_WAIT = 5000;
/** Milliseconds between pings, and before the first (§25.9). */
const PING = { interval: 2000, first: 50 };
/**
 * Milliseconds between a Send Message's answer and the bridged response. On a slow line they come apart by themselves; on a
 * socket or a pty both would be there at once, and ipmitool's basic mode leaves the second of two that it has read together.
 */
const BRIDGED = 150;
const text = new TextEncoder();
const ESCAPE_ACKNOWLEDGE = '\x1b*';

/** IPMI over a serial line or a modem (IPMI 2.0 §14): basic and terminal mode, told apart by what comes; one session. */
export class SerialInterface implements Interface<BmcState>, SerialPort {
  readonly channel: Channel;
  readonly #options: SerialOptions;
  readonly #serial: SerialChannel;
  readonly #basic = new BasicReader();
  readonly #terminal = new TerminalReader();
  readonly #escapes = new EscapeWatch();
  readonly #commands: TextCommands;
  readonly #out: OutQueue<Uint8Array>;
  #blocked = false;
  #dispatch: Dispatch<BmcState> = notOpen;
  #ping: Timer | undefined;
  #pings = 0;
  #undo: (() => void)[] = [];
  /** Requests to the console: those that Send Message tracks. */
  readonly #requester: Requester;
  /** A whole message in the mode of the console's last one. */
  #wrapped: (message: Uint8Array) => Uint8Array = encodeBasic;

  constructor(options: SerialOptions) {
    const { bmc, line, channel } = options;
    const serial = bmc.serial.get(channel);
    if (!serial) throw new RangeError(`channel ${channel} is no serial/modem channel`);
    this.#options = options;
    this.#serial = serial;
    this.channel = { number: channel, medium: 'serial', maxAnswer: MAX_ANSWER };
    this.#commands = new TextCommands({
      bmc,
      serial,
      channel: this.channel,
      ask: (message) => this.#dispatch(message, this.#context(message.lun)),
      check: (message) => bmc.router.check(message, this.#context(message.lun)),
    });
    this.#requester = new Requester({
      clock: bmc.setup.clock,
      address: BMC_ADDRESS,
      timeout: CONSOLE_WAIT,
      tries: 1,
      write: (message, handle) => (this.#sendTo(bmc.sessions.byHandle(handle), message) ? 'taken' : 'bus-error'),
    });
    this.#out = new OutQueue((bytes) => {
      // Without carrier there is nobody to wait for.
      if (!line.carrier) return true;
      if (this.#blocked) return false;
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
    return this.#options.bmc.sessions.onChannel(this.channel.number) !== undefined;
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    this.#dispatch = dispatch;
    await this.#options.line.open();
    this.#serial.port = this;
    const { bmc } = this.#options;
    const { number } = this.channel;
    this.#undo = [
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
        ? [bmc.console.listen({ onData: (characters) => this.#serial.mux === 'system' && this.#out.put(characters.slice()) })]
        : []),
    ];
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    this.#serial.port = undefined;
    this.#ping?.cancel();
    this.#endSession();
    await this.#options.line.close();
  }

  ping(state: number): void {
    this.#tell(SerialModemConnectionActive, SerialModemConnectionActive.request.encode({ state, ipmiMajor: 2, ipmiMinor: 0 }));
  }

  solActivating(instance: number): void {
    this.#tell(SolActivating, SolActivating.request.encode({ sessionState: SolState.Activating, instance, majorVersion: 1, minorVersion: 0 }));
  }

  /** A request to the console, in the mode that it speaks. */
  #tell({ netFn, cmd }: Command, data: Uint8Array): void {
    const seq = this.#pings++ & 0x3f;
    if (this.#serial.modes & ConnectionMode.Basic) {
      this.#out.put(encodeBasic(buildMessage({ to: REMOTE_CONSOLE, toLun: 0, netFn, from: BMC_ADDRESS, fromLun: 0, seq, cmd, data })));
    } else {
      this.#say(`[${formatTerminal({ netFn, lun: 0, seq, bridge: 0, cmd, data })}]`);
    }
  }

  dial({ hangUp, init, dial }: { readonly hangUp: string; readonly init: string; readonly dial: string }): void {
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
    const session = sessions.onChannel(this.channel.number);
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
      const message = parseMessage(frame);
      if (mux === 'system' && !(message && this.#asksForBmc(message))) return;
      if (message) this.#serveBasic(message);
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
    return netFn === wanted && cmd === asked && (this.#serial.muxControl(0) & MuxControl.BasicPattern) !== 0 && this.#serial.switchTo('bmc');
  }

  #escape(wanted: EscapeRequest): void {
    const control = this.#serial.muxControl(0);
    const chassis = (action: 'reset' | 'on'): void => {
      const done = this.#options.bmc.chassis.control(action);
      this.#options.bmc.setup.log.info(`power ${action} by the serial line, channel ${this.channel.number}`, { event: 'power', action });
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
    this.#serve(request, (answer) => encodeBasic(buildResponse(request, answer)), encodeBasic);
  }

  #serveLine(line: string, tooLong: boolean): void {
    if (tooLong) {
      this.#say(`[ERR ${hex2(CC.RequestLengthExceeded)}]`);
    } else if (/^ ?sys\b/i.test(line)) {
      const answer = this.#commands.run(line.trim());
      if (answer instanceof Promise) void answer.then((lines) => this.#say(lines.join(newlineOf(this.#serial.terminal))));
      else this.#say(answer.join(newlineOf(this.#serial.terminal)));
    } else {
      const message = parseTerminal(line);
      if (!message) this.#say(`[ERR ${hex2(CC.InvalidDataField)}]`);
      else if (message.netFn % 2 === 1 || message.bridge === 0) {
        const { netFn, lun, seq, cmd, data } = message;
        const request = { to: BMC_ADDRESS, toLun: lun, netFn, from: TERMINAL_CONSOLE, fromLun: 0, seq, cmd, data };
        this.#serve(
          request,
          (answer) => this.#line(`[${formatTerminal({ netFn: netFn | 1, lun, seq, bridge: 0, cmd, data: answer })}]`),
          (message) => this.#bridgedLine(message),
        );
      }
    }
    if (this.#serial.terminal.handshake) this.#say('[SYS]');
  }

  /**
   * Nothing tells a repeated message from one of the next client at the line that counts from the same number: unlike on a
   * LAN, where that one has a session of its own, each is carried out.
   */
  #serve(request: IpmiMessage, frame: (answer: Answer) => Uint8Array, bridged: (message: Uint8Array) => Uint8Array): void {
    const { netFn, toLun: lun, cmd, data } = request;
    const { sessions } = this.#options.bmc;
    const session = sessions.onChannel(this.channel.number);
    if (session) sessions.heard(session);
    const context = this.#context(lun);
    this.#wrapped = bridged;
    if (netFn % 2 === 1 && lun !== SMS_LUN) {
      if (session) this.#requester.respond(request, session.handle);
      return;
    }
    if (lun === SMS_LUN) return this.#toSystemSoftware(request, context, frame);
    const answer = this.#dispatch({ netFn, lun, cmd, data }, context);
    if (answer instanceof Promise) void answer.then((body) => this.#late(context, () => this.#reply(frame(body), context, bridged)));
    else this.#reply(frame(answer), context, bridged);
  }

  /** Says what comes late, unless whoever asked has gone: it is not for the next one at the line. */
  #late({ session }: Context<BmcState>, say: () => void): void {
    if (session === undefined || session === this.#options.bmc.sessions.onChannel(this.channel.number)) say();
  }

  #reply(bytes: Uint8Array, context: Context<BmcState>, bridged: (message: Uint8Array) => Uint8Array): void {
    this.#out.put(bytes);
    void context.followUp?.then((message) => {
      if (message) this.#options.clock.after(BRIDGED, () => this.#late(context, () => this.#out.put(bridged(message))));
    });
    // A parameter that was just set may have switched them on.
    this.#startPings(PING.first);
  }

  /** LUN 10b: the message goes to the Receive Message Queue, and system software answers it or does not (IPMI 2.0 §14.7.5). */
  #toSystemSoftware(request: IpmiMessage, context: Context<BmcState>, frame: (answer: Answer) => Uint8Array): void {
    try {
      if (context.privilege < Privilege.User) throw new IpmiError(CC.InsufficientPrivilege);
      const data = Uint8Array.of(context.session?.handle ?? 0, ...buildMessage(request));
      this.#options.bmc.messages.deliver({ channel: this.channel.number, privilege: context.privilege, data }, partyOf(context));
    } catch (error) {
      if (request.netFn % 2 === 0) this.#out.put(frame(Uint8Array.of(error instanceof IpmiError ? error.cc : CC.Unspecified)));
    }
  }

  /** The one session that a line has. */
  #sendTo(session: Session | undefined, message: Uint8Array): boolean {
    if (!session?.active || session !== this.#options.bmc.sessions.onChannel(this.channel.number)) return false;
    this.#out.put(this.#wrapped(message));
    return true;
  }

  #context(lun: number): Context<BmcState> {
    const { bmc, line } = this.#options;
    const session = bmc.sessions.onChannel(this.channel.number);
    const level = session ? Privilege.Oem : this.#serial.open;
    return new Context(bmc, this.channel, level, lun, session, streamName(line.address));
  }

  #line(said: string): Uint8Array {
    return fromLatin1(`${said}${newlineOf(this.#serial.terminal)}`);
  }

  /** The response to a bridged request (§14.7.4): bridge field 01b, the responder's LUN. */
  #bridgedLine(message: Uint8Array): Uint8Array {
    const parsed = parseMessage(message);
    // Raw bytes have no line of their own.
    if (!parsed) return new Uint8Array(0);
    const { netFn, fromLun, toLun, seq, cmd, data } = parsed;
    const bySystem = fromLun === SMS_LUN;
    const lun = bySystem || netFn % 2 === 1 ? fromLun : toLun;
    return this.#line(`[${formatTerminal({ netFn, lun, seq, bridge: bySystem ? 0 : 1, cmd, data })}]`);
  }

  #say(said: string): void {
    this.#out.put(this.#line(said));
  }
}

/** Software id 40h: the one console that terminal mode has (§14.7.3). */
const TERMINAL_CONSOLE = 0x81;
