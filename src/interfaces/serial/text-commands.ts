import { CC, fromLatin1, IpmiError, utf8Text } from '../../codec/index.ts';
import { ActivateSession } from '../../commands/app/sessions.ts';
import type { Command } from '../../commands/command.ts';
import { SetSystemBootOptions, GetSystemBootOptions } from '../../commands/chassis/boot-options.ts';
import {
  ChassisControl,
  ChassisIdentify,
  ControlAction,
  GetChassisStatus,
} from '../../commands/chassis/chassis.ts';
import { GetSensorReading } from '../../commands/sensor/sensors.ts';
import { GetSerialModemConfiguration, SetSerialModemConfiguration } from '../../commands/transport/serial.ts';
import type { Answer, Channel, Message } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { sourceOf } from '../../state/app/half-open.ts';
import type { LogInProblem } from '../../state/app/log-ins.ts';
import { BootParameter } from '../../commands/parameters/boot.ts';
import { Health, healthOf, type HealthReport } from '../../machine/sensors/health.ts';
import type { SerialChannel } from '../../services/serial/serial.ts';
import { hexPairs, parseHex } from '../../wire/serial-terminal.ts';

export interface TextCommandOptions {
  readonly bmc: BmcState;
  readonly serial: SerialChannel;
  readonly channel: Channel;
  /** Answers a command as if its message had come by the line: same rights, same rules. */
  readonly ask: (message: Message) => Answer | Promise<Answer>;
  /** The code with which a command would be refused, by level or firewall; 00h: it would not be. */
  readonly check: (message: Message) => number;
}

type Lines = readonly string[];

/** Milliseconds in which no password is tried after a wrong one. */
const AFTER_WRONG = 1000;
const VALID = 0x80;

const TERSE = ['??', 'ok', 'nc', 'cr', 'nr'];
const VERBOSE = ['Unknown', 'OK', 'Non-critical', 'Critical', 'Non-recoverable'];

/**
 * The ASCII commands of terminal mode (IPMI 2.0 §14.7.8): `SYS ...` between brackets. Words are matched in
 * any case.
 */
export class TextCommands {
  readonly #options: TextCommandOptions;
  #barredUntil = 0;

  constructor(options: TextCommandOptions) {
    this.#options = options;
  }

  /** The lines of the answer, brackets included. */
  run(line: string): Lines | Promise<Lines> {
    const words = line.split(' ').slice(1);
    try {
      const reply = this.#answer(words);
      return reply instanceof Promise ? reply.catch(refused) : reply;
    } catch (error) {
      return refused(error);
    }
  }

  #answer(words: readonly string[]): Lines | Promise<Lines> {
    const [verb, ...rest] = words;
    switch (verb?.toUpperCase()) {
      case 'TMODE':
        return ['[OK TMODE]'];
      case 'PWD':
        return this.#password(rest);
      case 'RESET':
        return this.#control(ControlAction.HardReset);
      case 'POWER':
        return this.#control(choose(rest[0], { ON: ControlAction.PowerUp, OFF: ControlAction.PowerDown }));
      case 'IDENTIFY':
        return this.#identify(rest);
      case 'HEALTH':
        return this.#health(rest);
      case 'SET':
        return this.#set(rest);
      case 'GET':
        return this.#getBootOption(rest);
      default:
        throw new IpmiError(CC.InvalidCommand, `terminal mode command '${verb}'`);
    }
  }

  #password([option, ...rest]: readonly string[]): Lines {
    const { bmc, channel, serial } = this.#options;
    const active = bmc.sessions.activeOn(channel.number);
    const kind = option?.toUpperCase();
    if (kind !== '-U' && kind !== '-N' && kind !== '-X') throw new IpmiError(CC.InvalidDataField, 'SYS PWD');
    // A log-out; and a log-in replaces whoever was there, whether it succeeds or not.
    if (active) bmc.sessions.close(active, 'closed');
    if (kind === '-X') return ['[OK]'];
    this.#need(ActivateSession);
    const [typed = '', password = ''] = kind === '-U' ? rest : ['', rest[0]];
    // A line's characters are its bytes; names and passwords are UTF-8 by whatever way they come.
    const name = utf8Text(fromLatin1(typed));
    const now = bmc.setup.clock.monotonic();
    if (now < this.#barredUntil) throw new IpmiError(CC.NodeBusy, 'too soon after a wrong password');
    const { number } = channel;
    const peer = { address: '0.0.0.0', port: 0 };
    const source = sourceOf(peer.address);
    const refuse = (problem: LogInProblem, cc: number): IpmiError => {
      bmc.logIns.refused({ channel: number, peer, name, problem, step: 'SYS PWD' });
      return new IpmiError(cc, 'user name or password');
    };
    const user = name === undefined ? 'unknown user' : bmc.logIns.find(name, number, undefined, source);
    if (user === 'too many wrong passwords' || user === 'channel not available')
      throw refuse(user, CC.NodeBusy);
    const known = typeof user !== 'string';
    const tested =
      known && password.length <= 16 ? bmc.users.testPassword(user.id, fromLatin1(password, 16)) : 'wrong';
    if (!known || tested !== 'right') {
      this.#barredUntil = now + AFTER_WRONG;
      if (known) bmc.logIns.wrong(user.id, number, source);
      const why = tested === 'wrong-size' ? 'password of 20 bytes' : 'wrong password';
      throw refuse(known ? why : user, CC.InvalidDataField);
    }
    const session = bmc.sessions.make({ kind: 'ipmi-1.5', channel, peer }, bmc.sessions.freshId());
    session.userId = user.id;
    session.userName = name!;
    session.inactivity = serial.inactivity;
    session.maxPrivilege = Math.min(user.privilegeLimit, bmc.channels.authentication(number).privilegeLimit);
    if (bmc.logIns.atLimit(user, number)) throw refuse('session limit of the user', CC.NodeBusy);
    // Nobody types Set Session Privilege Level: the session has what its user may have.
    const full = bmc.logIns.admit(session, session.maxPrivilege);
    if (full) throw refuse(full, CC.NodeBusy);
    return ['[OK]'];
  }

  #control(action: number): Lines | Promise<Lines> {
    return this.#send(ChassisControl, Uint8Array.of(action), () => ['[OK]']);
  }

  #identify([option, seconds]: readonly string[]): Lines | Promise<Lines> {
    const off = option?.toUpperCase() === '-OFF';
    if (option !== undefined && !off && option.toUpperCase() !== '-ON')
      throw new IpmiError(CC.InvalidDataField, option);
    const data = off ? Uint8Array.of(0) : seconds === undefined ? new Uint8Array(0) : bytesOf([seconds], 1);
    return this.#send(ChassisIdentify, data, () => ['[OK]']);
  }

  #health([query, verbose]: readonly string[]): Lines {
    if (query?.toUpperCase() !== 'QUERY' || (verbose !== undefined && verbose.toUpperCase() !== '-V'))
      throw new IpmiError(CC.InvalidDataField, 'SYS HEALTH QUERY');
    // What it tells is the answer of these.
    this.#need(GetChassisStatus);
    this.#need(GetSensorReading);
    const report = healthOf(this.#options.bmc.sensors, this.#options.bmc.chassis);
    return verbose === undefined ? [`[OK ${terse(report)}]`] : verboseLines(report);
  }

  #set([setting, ...rest]: readonly string[]): Lines | Promise<Lines> {
    switch (setting?.toUpperCase()) {
      case 'BOOT': {
        const flags = bytesOf(rest, 5);
        flags[0] |= VALID;
        const acknowledge = Uint8Array.of(BootParameter.InfoAcknowledge.selector, 0xff, 0xff);
        return this.#send(SetSystemBootOptions, acknowledge, () =>
          this.#send(SetSystemBootOptions, Uint8Array.of(BootParameter.BootFlags.selector, ...flags), () => [
            '[OK]',
          ]),
        );
      }
      case 'BOOTOPT':
        return this.#send(SetSystemBootOptions, bytesOf(rest), () => ['[OK]']);
      case 'TCFG':
        return this.#terminalConfiguration(rest);
      default:
        throw new IpmiError(CC.InvalidCommand, `SYS SET ${setting}`);
    }
  }

  #terminalConfiguration([option, ...rest]: readonly string[]): Lines | Promise<Lines> {
    const { serial, channel } = this.#options;
    const show = (): Lines => [
      `[OK V:${hexPairs(serial.terminalBytes('volatile'))}`,
      `N:${hexPairs(serial.terminalBytes('stored'))}]`,
    ];
    if (option === undefined) {
      this.#need(GetSerialModemConfiguration);
      return show();
    }
    const stored = choose(option, { '-V': 0, '-N': 1 });
    this.#need(SetSerialModemConfiguration);
    const bytes = bytesOf(rest, 2);
    const done = serial.setTerminal(Uint8Array.of((bytes[0] & 0x3f) | (stored << 6), bytes[1]), channel);
    return done ? done.then(show) : show();
  }

  #getBootOption([option, ...rest]: readonly string[]): Lines | Promise<Lines> {
    if (option?.toUpperCase() !== 'BOOTOPT') throw new IpmiError(CC.InvalidCommand, `SYS GET ${option}`);
    return this.#send(GetSystemBootOptions, bytesOf(rest, 3), (data) => {
      const pairs = hexPairs(data).split(' ');
      const lines = Array.from({ length: Math.ceil(pairs.length / 4) }, (_, i) =>
        pairs.slice(4 * i, 4 * i + 4).join(' '),
      );
      return ['[OK', ...lines.slice(0, -1), `${lines.at(-1)}]`];
    });
  }

  /** Throws the code with which the command that does the same would be refused. */
  #need({ netFn, cmd }: Command): void {
    const cc = this.#options.check({ netFn, cmd, lun: 0, data: new Uint8Array(0) });
    if (cc !== CC.Ok) throw new IpmiError(cc, 'a command that does the same is refused');
  }

  #send(
    command: Command,
    data: Uint8Array,
    then: (data: Uint8Array) => Lines | Promise<Lines>,
  ): Lines | Promise<Lines> {
    const answer = this.#options.ask({ netFn: command.netFn, cmd: command.cmd, lun: 0, data });
    const take = (body: Answer): Lines | Promise<Lines> => {
      if (body[0] !== CC.Ok) throw new IpmiError(body[0] ?? CC.Timeout);
      return then(body.subarray(1));
    };
    return answer instanceof Promise ? answer.then(take) : take(answer);
  }
}

function refused(error: unknown): Lines {
  const cc = error instanceof IpmiError ? error.cc : CC.Unspecified;
  return [`[ERR ${hexPairs(Uint8Array.of(cc))}]`];
}

function choose(word: string | undefined, options: Readonly<Record<string, number>>): number {
  const found = options[word?.toUpperCase() ?? ''];
  if (found === undefined) throw new IpmiError(CC.InvalidDataField, `'${word}'`);
  return found;
}

/** Hex pairs as bytes, `count` of them if it is given. */
function bytesOf(pairs: readonly string[], count?: number): Uint8Array {
  const bytes = parseHex(pairs.join(' '));
  if (!bytes) throw new IpmiError(CC.InvalidDataField, `'${pairs.join(' ')}'`);
  if (count !== undefined && bytes.length !== count)
    throw new IpmiError(CC.RequestLengthInvalid, `${bytes.length} bytes, not ${count}`);
  return bytes;
}

function terse({
  power,
  overall,
  temperature,
  voltage,
  powerSystem,
  cooling,
  drives,
  security,
  other,
}: HealthReport): string {
  const parts = {
    H: overall,
    T: temperature,
    V: voltage,
    PS: powerSystem,
    C: cooling,
    D: drives,
    S: security,
    O: other,
  };
  return `PWR:${power} ${Object.entries(parts)
    .map(([name, health]) => `${name}:${TERSE[health]}`)
    .join(' ')}`;
}

function verboseLines({
  power,
  overall,
  temperature,
  voltage,
  powerSystem,
  cooling,
  drives,
  security,
  other,
}: HealthReport): Lines {
  const word = (health: number): string => VERBOSE[health] ?? VERBOSE[Health.Unknown];
  return [
    `[OK SYS Health:${word(overall)}`,
    `Power:${power}`,
    `Temperature:${word(temperature)}`,
    `Voltage:${word(voltage)}`,
    `PowerSystem:${word(powerSystem)}`,
    `Cooling:${word(cooling)}`,
    `Drives:${word(drives)}`,
    `Security:${word(security)}`,
    `Other:${word(other)}]`,
  ];
}
