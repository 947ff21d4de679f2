import { Reader, ipv4 } from '../../codec/index.ts';
import { LanParameter } from '../../commands/parameters/lan.ts';
import { PEF_POLICIES, PolicyRule, type AlertPolicy } from '../../commands/parameters/pef.ts';
import { AlertStatus } from '../../commands/sensor/pef.ts';
import {
  buildTrap,
  communityOf,
  customFields,
  PET_EPOCH,
  PET_SOURCE_BMC,
  PET_UNSPECIFIED_OFFSET,
  type PetFields,
} from '../../wire/pet.ts';
import type { Clock, Timer } from '../../world/world.ts';
import type { BmcTime } from '../../state/app/bmc-time.ts';
import type { Channels } from '../../state/app/channels.ts';
import type { PlatformEvent } from '../../state/log/events.ts';
import type { Identity } from '../../state/app/identity.ts';
import type { LanParameters } from '../../state/parameters/lan-parameters.ts';
import type { PefParameters } from '../../state/parameters/pef-parameters.ts';
import type { Sensors } from '../../machine/sensors/sensors.ts';
import { LateMap } from '../../state/late-map.ts';
import type { Log } from '../../state/setup.ts';
import type { Sleeper } from '../../state/sleeper.ts';

type DestinationType = ReturnType<typeof LanParameter.DestinationType.layout.decode>;

/** What alerts are made of, and how they leave. */
export interface AlertSurroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly parameters: PefParameters;
  readonly lan: LanParameters;
  readonly channels: Channels;
  readonly identity: Identity;
  readonly time: BmcTime;
  readonly sensors: Sensors;
  /** UDP port of trap receivers. Default 162. */
  readonly trapPort?: number;
  /** Sends a datagram by a channel's interface. False: there is none. */
  readonly send: (
    channel: number,
    to: { readonly host: string; readonly port: number },
    datagram: Uint8Array,
  ) => boolean;
}

/** An alert that PEF asks for. */
export interface AlertRequest {
  readonly event: PlatformEvent;
  readonly policySet: number;
  /** The filter that matched; its number chooses event-specific strings. */
  readonly filter: number;
  readonly severity: number;
  /** Called once, when every entry of the set was sent, has failed or was skipped. */
  readonly done: () => void;
}

/** One trap to one destination. */
interface OneAlert {
  readonly channel: number;
  readonly destination: number;
  readonly event: PlatformEvent;
  readonly severity: number;
  readonly text: Uint8Array | undefined;
}

interface Delivery {
  /** Whose policy set it belongs to; undefined: an immediate alert. */
  readonly of: AlertRequest | undefined;
  readonly channel: number;
  readonly host: string;
  readonly datagram: Uint8Array;
  readonly fields: PetFields;
  readonly acknowledged: boolean;
  /** Milliseconds between two sendings. */
  readonly interval: number;
  left: number;
  timer: Timer | undefined;
  /** Called once. Cleared when it was called. */
  done: ((success: boolean) => void) | undefined;
}

/**
 * Policy sets that wait for their turn (IPMI 2.0 §17.2 asks for eight); more are lost, and the log says so.
 */
const DEFERRED = 32;
/** Traps that are repeated though nobody acknowledges them; beyond these, one is sent once. */
const REPEATED = 64;
const ANY_ADDRESS = '0.0.0.0';
const PET_TRAP = 0;
const UNSPECIFIED = 0xff;
/** Of a trap that tells of no event (PET 1.0). */
const NO_EVENT: PlatformEvent = {
  generator: UNSPECIFIED,
  sensorType: 0,
  sensorNumber: 0,
  eventType: 0,
  deassertion: false,
  data: Uint8Array.of(0x0f, UNSPECIFIED, UNSPECIFIED),
};

/** The last trap's sequence number, and how Alert Immediate ended, by channel. */
type AlertsMemento = readonly [sequence: number, immediate: readonly (readonly [number, number])[]];

/**
 * Sends PET traps to LAN destinations: by alert policies in their order, or at once (§17.11, §17.13, §30.7,
 * §30.8).
 */
export class Alerts implements Sleeper<AlertsMemento> {
  readonly #surroundings: AlertSurroundings;
  readonly #waiting: AlertRequest[] = [];
  /** The policy set that is under way. */
  #current: AlertRequest | undefined;
  #sequence = 0;
  /** Not acknowledged yet, or still to be repeated. */
  readonly #open: Delivery[] = [];
  readonly #immediate = new LateMap<number, number>();

  constructor(
    options: Omit<AlertSurroundings, 'clock' | 'log' | 'parameters'>,
    { clock, log }: Pick<AlertSurroundings, 'clock' | 'log'>,
    parameters: PefParameters,
  ) {
    const { lan, channels, identity, time, sensors, trapPort, send } = options;
    // Named one by one, so that all of a fleet have one shape.
    this.#surroundings = { clock, log, parameters, lan, channels, identity, time, sensors, trapPort, send };
  }

  get wakeful(): string | undefined {
    return this.#current || this.#open.length > 0 || this.#waiting.length > 0
      ? 'alerts are under way'
      : undefined;
  }

  memento(): AlertsMemento | undefined {
    return this.#sequence === 0 && this.#immediate.size === 0
      ? undefined
      : [this.#sequence, [...this.#immediate.entries()]];
  }

  recall([sequence, immediate]: AlertsMemento): void {
    this.#sequence = sequence;
    for (const [channel, status] of immediate) this.#immediate.set(channel, status);
  }

  /** Processes a policy set after those that are under way. */
  raise(request: AlertRequest): void {
    if (this.#waiting.length >= DEFERRED) {
      this.#surroundings.log.warn(`alert of policy set ${request.policySet} lost: ${DEFERRED} others wait`);
      return request.done();
    }
    this.#waiting.push(request);
    this.#pump();
  }

  /** Drops alerts that wait, and stops those that are under way; immediate ones go on. */
  cancel(): void {
    const dropped = this.#waiting.splice(0);
    if (this.#current) dropped.unshift(this.#current);
    this.#current = undefined;
    for (const delivery of this.#open.slice()) if (delivery.of) this.#finish(delivery, false);
    for (const { done } of dropped) done();
  }

  /** The BMC stops: nothing is sent any more. */
  stop(): void {
    this.cancel();
    for (const delivery of this.#open.slice()) this.#finish(delivery, false);
  }

  /**
   * Alert Immediate: sends to one destination, whatever policies say. False: the channel's last one is still
   * under way.
   */
  sendNow(
    channel: number,
    destination: number,
    text: Uint8Array | undefined,
    event: PlatformEvent = NO_EVENT,
  ): boolean {
    if (this.status(channel) === AlertStatus.InProgress) return false;
    this.#immediate.set(channel, AlertStatus.InProgress);
    this.#deliver(undefined, { channel, destination, event, severity: 0, text }, (success) => {
      this.#immediate.set(channel, success ? AlertStatus.NormalEnd : AlertStatus.NotAcknowledged);
    });
    return true;
  }

  status(channel: number): number {
    return this.#immediate.get(channel) ?? AlertStatus.None;
  }

  clearStatus(channel: number): void {
    this.#immediate.delete(channel);
  }

  /**
   * A receiver has the trap. One that nobody waits for (any more) is no error: acknowledgements cross
   * repetitions.
   */
  acknowledge(
    sequence: number,
    localTimestamp: number,
    eventSource: number,
    sensorDevice: number,
    sensorNumber: number,
  ): void {
    for (const delivery of this.#open.slice()) {
      const { fields } = delivery;
      if (
        fields.sequence === sequence &&
        fields.localTimestamp === localTimestamp &&
        fields.eventSource === eventSource &&
        fields.sensorDevice === sensorDevice &&
        fields.sensorNumber === sensorNumber
      )
        this.#finish(delivery, true);
    }
  }

  #pump(): void {
    if (this.#current) return;
    const request = this.#waiting.shift();
    if (!request) return;
    this.#current = request;
    const { parameters } = this.#surroundings;
    const entries: AlertPolicy[] = [];
    for (let number = 1; number <= PEF_POLICIES; number++) {
      const entry = parameters.policy(number);
      if (entry.enabled && entry.set !== 0 && entry.set === request.policySet) entries.push(entry);
    }
    this.#step(request, entries, 0, false);
  }

  /** Goes on with the entries of a set; `success`: of the alert that was tried last (§17.11). */
  #step(request: AlertRequest, entries: readonly AlertPolicy[], from: number, success: boolean): void {
    if (this.#current !== request) return;
    let at = from;
    while (at < entries.length && success && entries[at].rule !== PolicyRule.Always) {
      const { rule, channel } = entries[at];
      const kind = this.#kind(entries[at]);
      if (rule === PolicyRule.Stop) at = entries.length;
      else if (rule === PolicyRule.NextChannel)
        while (++at < entries.length && entries[at].channel === channel);
      else if (rule === PolicyRule.NextType)
        while (++at < entries.length && this.#kind(entries[at]) === kind);
      else at++;
    }
    if (at >= entries.length) {
      this.#current = undefined;
      request.done();
      return this.#pump();
    }
    const entry = entries[at];
    const next = (sent: boolean): void => this.#step(request, entries, at + 1, sent);
    const { channels, parameters } = this.#surroundings;
    if (channels.isLan(entry.channel) && channels.access(entry.channel, 'present').alertingDisabled)
      return next(false);
    const { event, severity, filter } = request;
    this.#deliver(request, { ...entry, event, severity, text: parameters.stringFor(entry, filter) }, next);
  }

  #kind({ channel, destination }: AlertPolicy): number | undefined {
    return this.#destination(channel, destination)?.kind;
  }

  #destination(
    channel: number,
    destination: number,
  ): (DestinationType & { readonly host: string }) | undefined {
    const { channels, lan } = this.#surroundings;
    if (!channels.isLan(channel) || destination > lan.destinations) return undefined;
    const type = LanParameter.DestinationType.layout.decode(
      lan.get(channel, LanParameter.DestinationType.selector, destination).subarray(1),
    );
    // Selector, address format, gateway, then the address; a gateway is the operating system's business.
    const host = ipv4.read(
      new Reader(lan.get(channel, LanParameter.DestinationAddress.selector, destination), 3),
    );
    return { ...type, host };
  }

  #deliver(
    of: AlertRequest | undefined,
    { channel, destination, event, severity, text }: OneAlert,
    done: (success: boolean) => void,
  ): void {
    const to = this.#destination(channel, destination);
    if (!to || to.kind !== PET_TRAP || to.host === ANY_ADDRESS) return done(false);
    const fields = this.#fields(event, severity, text);
    const delivery: Delivery = {
      of,
      channel,
      host: to.host,
      datagram: this.#datagram(channel, event, fields),
      fields,
      acknowledged: to.acknowledged,
      interval: (to.timeout + 1) * 1000,
      left: to.retries,
      timer: undefined,
      done,
    };
    if (!this.#open.includes(delivery)) this.#open.push(delivery);
    this.#transmit(delivery);
  }

  #transmit(delivery: Delivery): void {
    const { clock, send, trapPort = 162 } = this.#surroundings;
    const sent = send(delivery.channel, { host: delivery.host, port: trapPort }, delivery.datagram);
    // Without acknowledgement, what was sent counts as received; repetitions go on beside the rest of the
    // policy.
    if (!sent) return this.#finish(delivery, false);
    if (!delivery.acknowledged && (delivery.left === 0 || this.#open.length > REPEATED))
      return this.#finish(delivery, true);
    delivery.timer = clock.after(delivery.interval, () => {
      if (delivery.left === 0) return this.#finish(delivery, false);
      delivery.left--;
      this.#transmit(delivery);
    });
    if (!delivery.acknowledged) this.#report(delivery, true);
  }

  #report(delivery: Delivery, success: boolean): void {
    const { done } = delivery;
    delivery.done = undefined;
    done?.(success);
  }

  #finish(delivery: Delivery, success: boolean): void {
    delivery.timer?.cancel();
    const at = this.#open.indexOf(delivery);
    if (at >= 0) this.#open.splice(at, 1);
    this.#report(delivery, success);
  }

  #fields(event: PlatformEvent, severity: number, text: Uint8Array | undefined): PetFields {
    const { identity, parameters, time, sensors } = this.#surroundings;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const { generator, generatorLun = 0, sensorNumber, data } = event;
    const own =
      generator === identity.address ? sensors.find(sensorNumber, generatorLun)?.declaration : undefined;
    const eventData = new Uint8Array(8);
    eventData.set(data);
    const guid = parameters.guid ?? identity.systemGuidBytes;
    return {
      guid: guid.slice().reverse(),
      sequence: this.#sequence,
      localTimestamp: Math.max(0, time.now() - PET_EPOCH),
      utcOffset: time.utcOffset === 0x7ff ? PET_UNSPECIFIED_OFFSET : time.utcOffset & 0xffff,
      trapSource: PET_SOURCE_BMC,
      eventSource: PET_SOURCE_BMC,
      severity,
      sensorDevice: generator,
      sensorNumber,
      entityId: own?.entityId ?? 0,
      entityInstance: own?.entityInstance ?? 0,
      eventData,
      language: UNSPECIFIED,
      manufacturerId: identity.manufacturerId,
      systemId: identity.productId,
      custom: customFields(text),
    };
  }

  #datagram(
    channel: number,
    { sensorType, eventType, deassertion, data }: PlatformEvent,
    fields: PetFields,
  ): Uint8Array {
    const { lan, clock } = this.#surroundings;
    return buildTrap({
      community: communityOf(lan.get(channel, LanParameter.Community.selector, 0)),
      agent: lan.get(channel, LanParameter.Address.selector, 0),
      sensorType,
      eventType,
      deassertion,
      offset: data[0] & 0xf,
      uptime: Math.floor(clock.monotonic() / 10) % 2 ** 32,
      fields,
    });
  }
}
