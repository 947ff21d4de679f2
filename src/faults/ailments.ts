import { CC, IpmiError } from '../codec/index.ts';
import { GetSdr } from '../commands/storage/sdr.ts';
import { SelfTest, type SelfTestResult } from '../state/app/identity.ts';
import type { Timer } from '../world/world.ts';
import { timeAt, warpOf, type Armed } from './armed.ts';
import type { FaultyBmc } from './faulty-bmc.ts';
import { withWrongChecksum } from './fru-checksums.ts';
import { needed } from './layers.ts';
import type { ConditionEffect } from './rule.ts';

export type Undo = () => void;
type Intervention = NonNullable<FaultyBmc['chassis']['intervene']>;
type Spoiling = NonNullable<FaultyBmc['fru']['spoil']>;

/** Milliseconds for the answer to whoever brought the condition about to go out. */
const ANSWER_TIME = 20;
/** Milliseconds between two readings of a sensor that jumps. */
const JUMPS = 1000;
/** Milliseconds between two looks at a slow console, and the most characters that wait for one. */
const TICK = 100;
const CONSOLE_QUEUE = 65_536;

/** Bits of the detail of a self test (IPMI 2.0 §20.4). */
const SELF_TESTS: Readonly<Record<NonNullable<ConditionEffect['selfTest']>, SelfTestResult>> = {
  fatal: { result: SelfTest.FatalHardware, detail: 0 },
  firmware: { result: SelfTest.Corrupted, detail: 0x01 },
  'boot-block': { result: SelfTest.Corrupted, detail: 0x02 },
  'internal-use': { result: SelfTest.Corrupted, detail: 0x04 },
  'sdr-empty': { result: SelfTest.Corrupted, detail: 0x08 },
  ipmb: { result: SelfTest.Corrupted, detail: 0x10 },
  fru: { result: SelfTest.Corrupted, detail: 0x20 },
  sdr: { result: SelfTest.Corrupted, detail: 0x40 },
  sel: { result: SelfTest.Corrupted, detail: 0x80 },
};

/** What several rules have put in one place of a BMC; each is taken out again, in any order. */
class Several<T> {
  readonly #put: (all: readonly T[]) => void;
  #all: readonly T[] = [];

  constructor(put: (all: readonly T[]) => void) {
    this.#put = put;
  }

  add(part: T): Undo {
    this.#change([...this.#all, part]);
    return () => this.#change(this.#all.filter((other) => other !== part));
  }

  #change(all: readonly T[]): void {
    this.#all = all;
    this.#put(all);
  }
}

/** A BMC with the places that several conditions can want at once. */
export class Patient {
  readonly bmc: FaultyBmc;
  readonly darkness: Several<Armed>;
  readonly interventions: Several<Intervention>;
  readonly spoilings: Several<Spoiling>;
  /** Power actions that were acknowledged and are carried out later, whether their rule is there or not. */
  readonly late = new Set<Timer>();

  constructor(bmc: FaultyBmc) {
    this.bmc = bmc;
    this.darkness = new Several((all) => {
      bmc.life.hidden = all.length > 0;
      if (all.length > 0) bmc.router.suspended ??= CC.InitializationInProgress;
      // A reset that is under way ends by itself.
      else if (!bmc.life.dark && bmc.router.suspended === CC.InitializationInProgress)
        bmc.router.suspended = undefined;
    });
    // The first one is asked first; what it lets be carried out is the next one's to judge.
    this.interventions = new Several((all) => {
      bmc.chassis.intervene =
        all.length === 0
          ? undefined
          : (action, carryOut) =>
              all.reduceRight<() => ReturnType<typeof carryOut>>(
                (then, intervene) => () => intervene(action, then),
                carryOut,
              )();
    });
    this.spoilings = new Several((all) => {
      bmc.fru.spoil =
        all.length === 0 ? undefined : (id, image) => all.reduce((seen, spoil) => spoil(id, seen), image);
    });
  }
}

/** `over`: it has ended by itself. */
type Begin<T> = (patient: Patient, effect: T, armed: Armed, over: () => void) => Undo;
type Ailments = { readonly [K in keyof ConditionEffect]-?: Begin<NonNullable<ConditionEffect[K]>> };

/** How each condition comes over a BMC; each returns what makes it well again. */
export const ailments: Ailments = {
  dark({ bmc, darkness }, time, armed, over) {
    const { clock } = bmc.setup;
    let end: Timer | undefined;
    let light: Undo | undefined;
    const begins = clock.after(ANSWER_TIME, () => {
      light = darkness.add(armed);
      end = clock.after(needed(timeAt(['then', 'dark'], time)), () => {
        light?.();
        over();
      });
    });
    return () => {
      begins.cancel();
      end?.cancel();
      light?.();
    };
  },

  sel({ bmc: { sel } }) {
    sel.isHeldFull = true;
    return () => void (sel.isHeldFull = false);
  },

  clock({ bmc: { time } }, how) {
    time.warp = warpOf(how, time.now());
    return () => void (time.warp = undefined);
  },

  sensor({ bmc }, { name, is }, { random }) {
    const sensor = bmc.sensors.get(name);
    const { raw, states, unavailable } = sensor.read();
    if (is === 'unreadable') return sensor.fail(null);
    if (is === 'stuck') return sensor.fail(unavailable ? null : sensor.isThreshold ? raw : states);
    if (is !== 'jumping') return sensor.fail(sensor.toRaw(is));
    let well: Undo | undefined;
    let timer: Timer | undefined;
    const jump = (): void => {
      const back = sensor.fail(random.u32() & (sensor.isThreshold ? 0xff : 0x7fff));
      // The first one knows how it was.
      well ??= back;
      timer = bmc.setup.clock.after(JUMPS, jump);
    };
    jump();
    return () => {
      timer?.cancel();
      well?.();
    };
  },

  fru({ spoilings }, { id, area = 'header' }) {
    return spoilings.add((device, image) => (device === id ? withWrongChecksum(image, area) : image));
  },

  selfTest({ bmc: { identity } }, which) {
    const before = identity.selfTest;
    identity.selfTest = SELF_TESTS[which];
    return () => void (identity.selfTest = before);
  },

  sdr({ bmc }, { changesEvery }) {
    let asked = 0;
    return bmc.router.wrap((dispatch) => (message, context) => {
      if (message.netFn === GetSdr.netFn && message.cmd === GetSdr.cmd && ++asked % changesEvery === 0) {
        bmc.sdr.reservation.cancel();
        bmc.sdr.deviceReservation.cancel();
      }
      return dispatch(message, context);
    });
  },

  console({ bmc }, how, { random }) {
    const { console, setup } = bmc;
    const undo = (): void => void (console.meddle = undefined);
    if (how === 'stuck') {
      console.meddle = () => undefined;
      return undo;
    }
    if (how === 'noisy') {
      console.meddle = (characters, pass) =>
        pass(characters.map((character) => (random.u32() % 8 === 0 ? random.u32() & 0xff : character)));
      return undo;
    }
    const waiting: number[] = [];
    let timer: Timer | undefined;
    console.meddle = (characters, pass) => {
      for (const character of characters) if (waiting.length < CONSOLE_QUEUE) waiting.push(character);
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

  power({ bmc: { setup }, interventions, late }, how) {
    return interventions.add((action, carryOut) => {
      if (how === 'fails') throw new IpmiError(CC.NotSupportedInState, `power ${action} fails on purpose`);
      if (how === 'hangs') return undefined;
      const timer = setup.clock.after(needed(timeAt(['then', 'power', 'takes'], how.takes)), () => {
        late.delete(timer);
        void Promise.resolve(carryOut()).then(undefined, (error: unknown) =>
          setup.log.error(`power ${action}`, error),
        );
      });
      late.add(timer);
      return undefined;
    });
  },

  softOff: ({ interventions }) =>
    interventions.add((action, carryOut) => (action === 'soft' ? undefined : carryOut())),

  firmware({ bmc: { update } }, how) {
    if (update !== undefined) update.fault = how;
    return () => {
      if (update !== undefined) update.fault = undefined;
    };
  },
};
