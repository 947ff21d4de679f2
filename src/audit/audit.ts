import type { BmcState } from '../bmc-state.ts';
import { RestartCause } from '../commands/chassis/chassis.ts';
import type { Router } from '../router/index.ts';
import type { Taps } from '../taps/index.ts';
import type { Clock } from '../world/world.ts';
import type { Actor, Change } from './change.ts';
import { changeBy } from './requests.ts';

/** What is watched of a BMC. */
export type AuditedBmc = Omit<BmcState, 'taps' | 'router'> & {
  readonly name: string;
  readonly router: Router<BmcState>;
  readonly taps: Taps<BmcState>;
  readonly satellites: readonly AuditedBmc[];
};

/** Takes a line of the audit log, made when it is told how many before it were left out. */
export type AuditSink = (make: (missing: number) => string) => void;

/**
 * The audit log: a JSON object for each change, whoever made it, in the order in which they were made.
 * Nobody waits for it, and it keeps no BMC from answering.
 */
export class Audit {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #sink: AuditSink;

  constructor(clock: Pick<Clock, 'now'>, sink: AuditSink) {
    this.#clock = clock;
    this.#sink = sink;
  }

  tell({ bmc, request, actor, what, fields, cc, result = 'ok' }: Change): void {
    const time = new Date(this.#clock.now()).toISOString();
    const entry = { time, bmc, request, actor, what, fields, cc, result };
    this.#sink((missing) => JSON.stringify(missing === 0 ? entry : { ...entry, missing }));
  }

  /** From now on what changes a BMC, or its satellites, is told. Returns its undoing. */
  watch(bmc: AuditedBmc): () => void {
    const told = (change: Omit<Change, 'bmc'>): void => this.tell({ bmc: bmc.name, ...change });
    const undo = [
      bmc.taps.add({
        answer: (asked, answer) => {
          const change = changeBy(bmc.router, asked, answer);
          if (change) told(change);
        },
      }),
      bmc.chassis.onPower(({ on, action, by, changed, loss }) =>
        told({ actor: actorBy(by), what: 'power', fields: { on, action, changed, loss } }),
      ),
      bmc.sensors.outside.onFed((sensor, value, problem) =>
        told({
          actor: { by: 'feed' },
          what: 'sensor set',
          fields: { sensor: bmc.sensors.nameOf(sensor), value },
          ...(problem !== undefined && { result: problem }),
        }),
      ),
      bmc.users.onLockedOut((userId, channel) =>
        told({
          actor: { by: 'bmc', cause: 'wrong passwords' },
          what: 'user locked out',
          fields: { userId, channel },
        }),
      ),
      bmc.life.onReset((phase, kind) => {
        if (phase === 'down')
          told({ actor: { by: 'bmc', cause: 'reset' }, what: `${kind} reset of the BMC` });
      }),
      ...bmc.satellites.map((satellite) => this.watch(satellite)),
    ];
    return () => {
      for (const takeOff of undo) takeOff?.();
    };
  }
}

/** The causes of table 28-11, in words. */
const CAUSES: Readonly<Record<number, string>> = {
  [RestartCause.ChassisControl]: 'a command',
  [RestartCause.ResetButton]: 'the reset button',
  [RestartCause.PowerButton]: 'the power button',
  [RestartCause.Watchdog]: 'the watchdog',
  [RestartCause.Oem]: 'a limit',
  [RestartCause.AlwaysRestore]: 'the power restore policy',
  [RestartCause.RestorePrevious]: 'the power restore policy',
  [RestartCause.PefReset]: 'an event filter',
  [RestartCause.PefCycle]: 'an event filter',
};

const actorBy = (cause: number | undefined): Actor => {
  const known = cause === undefined ? undefined : CAUSES[cause];
  return known === undefined ? { by: 'machine' } : { by: 'bmc', cause: known };
};
