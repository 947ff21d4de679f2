/** A time: seconds as a number, or `500ms`, `2s`, `10m`, `1h`. */
export type FaultTime = number | string;
/** A share: 0..1, or `5%`. */
export type FaultShare = number | string;

/** What goes wrong on purpose. */
export interface FaultsOptions {
  /**
   * Chance begins with it: the same seed, BMC name and rules have the same faults for the same requests.
   * Default: one at random.
   */
  readonly seed?: number;
  /** Stories, by name (docs/faults.md); their rules come before the others. */
  readonly presets?: readonly string[];
  /** In order: of those that fit, the first of each layer is what happens. */
  readonly rules?: readonly FaultRule[];
  /** Sequences that can be begun by name. */
  readonly scenarios?: readonly ScenarioOptions[];
  /** Scenarios that begin with the BMC. */
  readonly start?: readonly string[];
  /** Scenarios that begin with the first request of a client, so that their times are reckoned from there. */
  readonly arm?: readonly string[];
}

/** A sequence: what happens to the BMC, one after the other. */
export interface ScenarioOptions {
  /** What it is begun by, and what the log calls it. */
  readonly name: string;
  /** In order; each does one thing, or only names a state. */
  readonly steps: readonly ScenarioStep[];
}

export interface ScenarioStep {
  /** The state that begins here; the log tells of it, and `goto` and `else` lead to it. */
  readonly state?: string;
  /** So long nothing changes. */
  readonly hold?: FaultTime;
  /** A rule that is there until the scenario is over, or clears it. */
  readonly fault?: FaultRule;
  /** A preset, by its name, that is there as long. */
  readonly arm?: string;
  /** Takes a rule or a preset of this scenario off, by its id, or `all` of them. */
  readonly clear?: string;
  /** A sensor reads a value from now on. */
  readonly step?: ScenarioReading;
  /** A sensor moves to a value. */
  readonly ramp?: ScenarioRamp;
  /** A sensor tells of an event. */
  readonly event?: ScenarioEvent;
  /** What happens to the machine, as if Chassis Control had asked for it. */
  readonly power?: 'on' | 'off' | 'cycle' | 'reset' | 'soft';
  /** Waits for a request of somebody. */
  readonly until?: FaultWhen;
  /** How long it waits; then it goes to `else`, or the scenario has failed. Default for ever. */
  readonly within?: FaultTime;
  /** What has to be so by now; if not, it goes to `else`, or the scenario has failed. */
  readonly expect?: ScenarioExpectation;
  /** A state to go to where what was waited for or expected is not so. */
  readonly else?: string;
  /** A state to go to. */
  readonly goto?: string;
  /** How often `goto` goes, before it goes on. Default always. */
  readonly times?: number;
}

export interface ScenarioReading {
  /** By name. */
  readonly sensor: string;
  /** In the sensor's unit; of a discrete sensor, its states. */
  readonly to: number | 'unreadable';
}

export interface ScenarioRamp {
  /** By name. */
  readonly sensor: string;
  /** Default: what it reads. */
  readonly from?: number;
  /** In the sensor's unit. */
  readonly to: number;
  /** How long it takes. */
  readonly in: FaultTime;
}

export interface ScenarioEvent {
  /** By name. */
  readonly sensor: string;
  /** The event, by its offset, 0..14. */
  readonly offset: number;
  /** False: it went away. Default true. */
  readonly asserted?: boolean;
}

export interface ScenarioExpectation {
  /** The machine is on or off. */
  readonly power?: 'on' | 'off';
  /** The SEL has so many entries or more. */
  readonly selEntries?: number;
  /** A rule of this scenario has struck. */
  readonly rule?: string;
  /** So often or more. Default 1. */
  readonly hits?: number;
}

/** One fault: when, what, and how often. */
export interface FaultRule {
  /** What events, log and trace call it. Default `fault-1`, by its place. */
  readonly id?: string;
  /** What it waits for; all of it has to be so. Default: everything of its layer. */
  readonly when?: FaultWhen;
  /** What happens then: keys of one layer (datagrams, sessions, commands, or the BMC itself). */
  readonly then: FaultEffect;
  /** How often it happens when it could. Default always. */
  readonly chance?: FaultShare;
  /** Times after which the rule is gone. Default: it stays. */
  readonly times?: number;
  /** How long it waits before it begins. Default: not at all. */
  readonly after?: FaultTime;
  /**
   * How long it lasts; then it is gone. Default: it stays. A condition that begins with a command lasts so
   * long from then on.
   */
  readonly for?: FaultTime;
}

/** What a fault waits for. */
export interface FaultWhen {
  /**
   * A command or several: `Get SDR`, `get-sdr`, a group (`chassis`, `dcmi`), or numbers (`0Ah 23h`,
   * `2Ch/DCh 02h`).
   */
  readonly command?: string | readonly string[];
  /** Network function of the request, even, 0..3Eh. */
  readonly netFn?: number;
  /** Command number, 0..FFh. */
  readonly cmd?: number;
  /** Defining body of a group extension (NetFn 2Ch), 0..FFh. */
  readonly body?: number;
  /** IANA enterprise number of an OEM request (NetFn 2Eh). */
  readonly iana?: number;
  /** Its number, or `lan`, `host`, `serial`, `ipmb`. */
  readonly channel?: number | 'lan' | 'host' | 'serial' | 'ipmb';
  /** Whose session. */
  readonly user?: string;
  /** The first bytes of the request's data, in hex; `..` is any byte. */
  readonly data?: string;
  /** Which of those that fit: `3`, `3..`, `2..5`, `every 3`. Counted from 1. */
  readonly nth?: number | string;
  /** How old the session is: `30s..`, `..10s`, `10s..1m`. */
  readonly sessionAge?: string;
  /** The machine is on or off. */
  readonly power?: 'on' | 'off';
  /** Of datagrams: to the BMC or from it. Default both. */
  readonly direction?: 'in' | 'out';
  /** Of datagrams and of sealed packets: what they carry. */
  readonly payload?: 'message' | 'sol' | 'set-up' | 'ping';
  /** Of sessions: the step of an RMCP+ log-in that the console has sent. */
  readonly step?: 'open-session' | 'rakp-1' | 'rakp-3';
}

/** What a fault does. */
export interface FaultEffect extends DatagramEffect, SessionEffect, CommandEffect, ConditionEffect {
  /** Datagrams and commands: how late. */
  readonly delay?: FaultTime;
  /** How much the delay varies, both ways. */
  readonly jitter?: FaultTime;
  /** Bytes that are left: of a datagram, or of a response's data. */
  readonly truncate?: number;
}

/** What happens to datagrams, in the words of Linux's netem. */
export interface DatagramEffect {
  /** Share that is lost. */
  readonly loss?: FaultShare;
  /** Share that comes twice. */
  readonly duplicate?: FaultShare;
  /** Share that the next one overtakes. */
  readonly reorder?: FaultShare;
  /** Share that has a wrong bit. */
  readonly corrupt?: FaultShare;
  /** Bits per second that get through; what is 64 datagrams late is lost. */
  readonly rate?: number;
}

/** What happens to sessions. */
export interface SessionEffect {
  /** The code that signs a packet is wrong, or missing. */
  readonly integrity?: 'wrong' | 'missing';
  /** The checksum of the message is wrong, in a packet that is signed right. */
  readonly checksum?: 'wrong';
  /** The session sequence number is the last one once more, far ahead of it, or 0. */
  readonly sequence?: 'repeat' | 'skip' | 'zero';
  /** The session id is none of the console's. */
  readonly sessionId?: 'wrong' | 'zero';
  /** The filling of an encrypted packet is wrong. */
  readonly padding?: 'wrong';
  /** A step of the log-in is answered with this status (IPMI 2.0 table 13-15), cut short, or not at all. */
  readonly logIn?: number | 'short' | 'none';
  /** Sessions that there can be at once: who wants one more is refused (insufficient resources). */
  readonly sessions?: number;
  /** The session of the request is gone, and the request unanswered; or it is so after a while. */
  readonly endSession?: true | SessionEnd;
}

/** When a session is dropped. */
export interface SessionEnd {
  /** Requests that it has; with the next one it is gone. */
  readonly requests?: number;
  /** How long it lasts, whether anybody asks anything or not. */
  readonly age?: FaultTime;
}

/** What happens to commands. */
export interface CommandEffect {
  /** The completion code, without the command being carried out: `C0h` or a number. */
  readonly complete?: number | string;
  /** Nobody is answered: the request was never seen, or its response is lost after it was carried out. */
  readonly drop?: 'request' | 'response';
  /** The response is the one to the request before. */
  readonly answerOf?: 'previous';
  /** Bytes that are others: `@5 FF 00` puts FFh in byte 5; the completion code is byte 1. */
  readonly patch?: string;
  /** Bytes that the response has too many. */
  readonly extend?: number;
  /** So often C0h (node busy), and then the rule is gone: in place of `times`. */
  readonly busy?: number;
  /** The handler fails with a bug: FFh, and an error in the log. */
  readonly throws?: true;
}

/** What is wrong with the BMC itself, as long as the rule lasts. */
export interface ConditionEffect {
  /** The BMC answers nobody for so long, and its sessions go on. */
  readonly dark?: FaultTime;
  /** No event finds a place. */
  readonly sel?: 'full';
  /** Its clock stands, or is so much ahead or behind (`+1h`, `-2d`), or drifts (`x2`, `x0.5`). */
  readonly clock?: string;
  /** A sensor by name, and what is the matter with it. */
  readonly sensor?: SensorFault;
  /** The FRU device of this id has wrong checksums. */
  readonly fru?: FruFault;
  /** What Get Self Test Results finds (IPMI 2.0 §20.4). */
  readonly selfTest?:
    | 'fatal'
    | 'firmware'
    | 'boot-block'
    | 'internal-use'
    | 'sdr-empty'
    | 'ipmb'
    | 'fru'
    | 'sdr'
    | 'sel';
  /** The SDR repository changes with every so many requests to read it. */
  readonly sdr?: SdrFault;
  /** What the serial console does: nothing, wrong characters, or so many characters a second. */
  readonly console?: 'stuck' | 'noisy' | SlowConsole;
  /** A power action is refused, acknowledged and never done, or done so much later. */
  readonly power?: 'fails' | 'hangs' | SlowPower;
  /** The machine does not shut down when it is asked to. */
  readonly softOff?: 'ignored';
  /** New firmware fails when it is checked, or when it is to boot: then the one before comes back. */
  readonly firmware?: 'fails-verification' | 'fails-to-boot';
}

export interface SensorFault {
  /** By name, or as `Temp@3.1`, `#14`. */
  readonly name: string;
  /** It keeps its reading, has none, another one each second, or this one, in its unit. */
  readonly is: 'stuck' | 'unreadable' | 'jumping' | number;
}

export interface FruFault {
  /** The FRU device. */
  readonly id: number;
  /** A checksum that is none. */
  readonly checksum: 'wrong';
  /**
   * Whose checksum. Default `header`: of the common header, by which clients find everything else;
   * `multirecord`: of its first record's header.
   */
  readonly area?: 'header' | 'chassis' | 'board' | 'product' | 'multirecord';
}

export interface SdrFault {
  /** Requests to read a record between two changes. */
  readonly changesEvery: number;
}

export interface SlowConsole {
  /** 10 and more. */
  readonly charactersPerSecond: number;
}

export interface SlowPower {
  /** How long after the acknowledgement the action is carried out. */
  readonly takes: FaultTime;
}

/** The layer of each key of an effect; what two have belongs to the one that the others name. */
export type FaultLayer = 'datagram' | 'session' | 'command' | 'condition';
