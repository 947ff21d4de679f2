import { CC, IpmiError } from '../codec/index.ts';
import { GetSdr } from '../commands/storage/sdr.ts';
import { SettingsError } from '../settings/errors.ts';
import { SelfTest, type SelfTestResult } from '../state/app/identity.ts';
import type { Timer } from '../world/world.ts';
import { timeAt, type Armed } from './armed.ts';
import type { FaultyBmc } from './faulty-bmc.ts';
import { needed } from './layers.ts';
import type { ConditionEffect } from './rule.ts';

type Undo = () => void;
type Condition<T> = (bmc: FaultyBmc, what: T, armed: Armed) => Undo;
type Conditioned = { readonly [K in keyof ConditionEffect]-?: Condition<NonNullable<ConditionEffect[K]>> };

/** Milliseconds for the answer to whoever brought the condition about to go out. */
const ANSWER_TIME = 20;
/** Milliseconds between two readings of a sensor that jumps. */
const JUMPS = 1000;
/** Milliseconds between two looks at a slow console, and the most characters that wait for one. */
const TICK = 100;
const CONSOLE_QUEUE = 65_536;
/** Where the checksum of a FRU's common header is, and its board area's offset. */
const HEADER_CHECKSUM = 7;

/** Bits of the detail of a self test (IPMI 2.0 §20.4). */
const SELF_TESTS: Readonly<Record<NonNullable<ConditionEffect['selfTest']>, SelfTestResult>> = {
  fatal: { result: SelfTest.FatalHardware, detail: 0 },
  firmware: { result: SelfTest.Corrupted, detail: 0x01 },
  fru: { result: SelfTest.Corrupted, detail: 0x20 },
  sdr: { result: SelfTest.Corrupted, detail: 0x40 },
  sel: { result: SelfTest.Corrupted, detail: 0x80 },
};

/** How each condition comes over a BMC; each returns what makes it well again. */
const conditions: Conditioned = {
  dark(bmc, time) {
    const { clock } = bmc.setup;
    let end: Timer | undefined;
    const light = (): void => {
      end?.cancel();
      if (!bmc.life.hidden) return;
      bmc.life.hidden = false;
      if (bmc.router.suspended === CC.InitializationInProgress) bmc.router.suspended = undefined;
    };
    const begins = clock.after(ANSWER_TIME, () => {
      bmc.life.hidden = true;
      bmc.router.suspended ??= CC.InitializationInProgress;
      end = clock.after(needed(timeAt(['then', 'dark'], time)), light);
    });
    return () => {
      begins.cancel();
      light();
    };
  },

  sel({ sel }) {
    sel.isHeldFull = true;
    return () => void (sel.isHeldFull = false);
  },

  clock({ time }, how) {
    const began = time.now();
    time.warp = warpOf(how, began);
    return () => void (time.warp = undefined);
  },

  sensor(bmc, { name, is }, { random }) {
    const sensor = bmc.sensors.get(name);
    const { value } = sensor;
    if (is === 'unreadable') sensor.set(null);
    else if (is === 'stuck') sensor.set(value ?? null);
    else if (typeof is === 'number') sensor.set(is);
    let timer: Timer | undefined;
    const jump = (): void => {
      if (sensor.isThreshold) sensor.setRaw(random.u32() & 0xff);
      else sensor.set(random.u32() & 0x7fff);
      timer = bmc.setup.clock.after(JUMPS, jump);
    };
    if (is === 'jumping') jump();
    return () => {
      timer?.cancel();
      sensor.set(undefined);
    };
  },

  fru({ fru }, { id }) {
    fru.device(id);
    const before = fru.spoil;
    fru.spoil = (one, image) => {
      const seen = before === undefined ? image : before(one, image);
      return one === id ? withWrongChecksums(seen) : seen;
    };
    return () => void (fru.spoil = before);
  },

  selfTest({ identity }, which) {
    const before = identity.selfTest;
    identity.selfTest = SELF_TESTS[which];
    return () => void (identity.selfTest = before);
  },

  sdr(bmc, { changesEvery }) {
    let asked = 0;
    return bmc.router.wrap((dispatch) => (message, context) => {
      if (message.netFn === GetSdr.netFn && message.cmd === GetSdr.cmd && ++asked % changesEvery === 0) {
        bmc.sdr.reservation.cancel();
        bmc.sdr.deviceReservation.cancel();
      }
      return dispatch(message, context);
    });
  },

  console(bmc, how, { random }) {
    const { console, setup } = bmc;
    const undo = (): void => void (console.meddle = undefined);
    if (how === 'stuck') {
      console.meddle = () => undefined;
      return undo;
    }
    if (how === 'noisy') {
      console.meddle = (characters, pass) =>
        pass(characters.map((one) => (random.u32() % 8 === 0 ? random.u32() & 0xff : one)));
      return undo;
    }
    const waiting: number[] = [];
    let timer: Timer | undefined;
    console.meddle = (characters, pass) => {
      for (const one of characters) if (waiting.length < CONSOLE_QUEUE) waiting.push(one);
      const say = (): void => {
        pass(Uint8Array.from(waiting.splice(0, Math.max(1, (how.charactersPerSecond * TICK) / 1000))));
        timer = waiting.length > 0 ? setup.clock.after(TICK, say) : undefined;
      };
      timer ??= setup.clock.after(TICK, say);
    };
    return () => {
      timer?.cancel();
      undo();
    };
  },

  power(bmc, how) {
    return intervene(bmc, (action, carryOut) => {
      if (how === 'fails') throw new IpmiError(CC.NotSupportedInState, `power ${action} fails on purpose`);
      if (how === 'hangs') return undefined;
      bmc.setup.clock.after(needed(timeAt(['then', 'power', 'takes'], how.takes)), () => {
        void Promise.resolve(carryOut()).then(undefined, (error: unknown) =>
          bmc.setup.log.error(`power ${action}`, error),
        );
      });
      return undefined;
    });
  },

  softOff: (bmc) => intervene(bmc, (action, carryOut) => (action === 'soft' ? undefined : carryOut())),

  firmware(bmc) {
    const { update } = bmc;
    if (update !== undefined) update.failsVerification = true;
    return () => {
      if (update !== undefined) update.failsVerification = false;
    };
  },
};

type Intervention = NonNullable<FaultyBmc['chassis']['intervene']>;

/** The last one that came is asked first; power actions of it go on to the one before. */
function intervene({ chassis }: FaultyBmc, mine: Intervention): Undo {
  const before = chassis.intervene;
  chassis.intervene =
    before === undefined ? mine : (action, carryOut) => mine(action, () => before(action, carryOut));
  return () => void (chassis.intervene = before);
}

const KEYS = Object.keys(conditions) as (keyof ConditionEffect)[];

/** What is wrong with the BMC itself, rule by rule. */
export class Conditions {
  readonly #bmc: FaultyBmc;
  readonly #undos = new Map<Armed, readonly Undo[]>();

  constructor(bmc: FaultyBmc) {
    this.#bmc = bmc;
  }

  /** Begins, or begins anew; returns what it is, for people. */
  begin(armed: Armed): string {
    this.end(armed);
    const undos: Undo[] = [];
    this.#undos.set(armed, undos);
    const begun: string[] = [];
    for (const key of KEYS) {
      const what = armed.then[key];
      if (what === undefined) continue;
      undos.push((conditions[key] as Condition<typeof what>)(this.#bmc, what, armed));
      begun.push(typeof what === 'object' ? `${key} ${JSON.stringify(what)}` : `${key} ${what}`);
    }
    return begun.join(', ');
  }

  end(armed: Armed): void {
    const undos = this.#undos.get(armed) ?? [];
    this.#undos.delete(armed);
    for (const undo of [...undos].reverse()) undo();
  }
}

/** Throws SettingsError. */
export function checkCondition({ then }: Armed, bmc: FaultyBmc): void {
  timeAt(['then', 'dark'], then.dark);
  if (typeof then.power === 'object') timeAt(['then', 'power', 'takes'], then.power.takes);
  if (then.clock !== undefined) warpOf(then.clock, 0);
  if (then.sensor !== undefined) {
    const sensor = bmc.sensors.named(then.sensor.name);
    if (typeof sensor === 'string') throw new SettingsError(sensor, ['then', 'sensor', 'name']);
  }
  const fru = then.fru?.id;
  if (fru !== undefined && !bmc.fru.devices.some(({ id }) => id === fru))
    throw new SettingsError(`there is no FRU device ${fru}`, ['then', 'fru', 'id']);
  if (then.firmware !== undefined && bmc.update === undefined)
    throw new SettingsError('there is no firmware that could be updated', ['then', 'firmware']);
}

/** `stopped`, `+1h`, `-2d`, `x2`: what the clock shows when it is `began` or later. Throws SettingsError. */
function warpOf(text: string, began: number): (seconds: number) => number {
  const given = text.trim();
  if (given === 'stopped') return () => began;
  const [, factor] = /^x(\d+(?:\.\d+)?)$/.exec(given) ?? [];
  if (factor !== undefined) return (seconds) => began + (seconds - began) * Number(factor);
  const [, sign, time] = /^([+-])(.+)$/.exec(given) ?? [];
  if (sign === undefined)
    throw new SettingsError(`expected stopped, +1h, -2d or x2, received ${JSON.stringify(text)}`, [
      'then',
      'clock',
    ]);
  const seconds = needed(timeAt(['then', 'clock'], time)) / 1000;
  const ahead = sign === '+' ? seconds : -seconds;
  return (now) => now + ahead;
}

/**
 * The header's checksum, and those of its areas (platform management FRU specification, chapters 8 to 12).
 */
function withWrongChecksums(image: Uint8Array): Uint8Array {
  const wrong = image.slice();
  if (wrong.length > HEADER_CHECKSUM) wrong[HEADER_CHECKSUM] ^= 0xff;
  return wrong;
}
