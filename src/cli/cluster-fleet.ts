import { loadText, checkTogether } from './load.ts';
import { CliError } from './errors.ts';
import { withBmc, withoutBmc } from './fleet-edit.ts';
import { ConflictError, type Bucket, type BucketEntry } from '../cluster/bus.ts';
import {
  checkSchema,
  FLEET_KEY,
  SCHEMA_KEY,
  STOPPED_KEY,
  stoppedIn,
  type Desired,
} from '../cluster/desired.ts';
import type { Unserved } from '../cluster/unserved.ts';
import type { DesiredFleet } from '../control/elsewhere.ts';
import { parseFile } from '../config/load.ts';
import type { BmcOptions } from '../config/options.ts';
import { refusal } from '../control/problem.ts';
import { noBmc } from '../control/unknown.ts';
import { nameOf, planOf, type Plan } from '../fleet/index.ts';
import { StorageError } from '../storage/journal-head.ts';
import type { Seal } from '../storage/seal.ts';
import type { Clock } from '../world/world.ts';

/** Others that are faster, one after the other, until somebody is told. */
const TRIES = 8;
/** Milliseconds that a change may take until it is seen here, and a new BMC until somebody serves it. */
const SEEN = 5000;
const SERVED = 10_000;
const LOOK = 50;

/** A fleet file of a cluster, checked as that of one process. Throws CliError. */
export function checkedFleet(text: string, name: string): ReturnType<typeof loadText> {
  const read = loadText(text, name, undefined, Date.now());
  checkTogether(read, undefined, false);
  return read;
}

interface Surroundings {
  readonly clock: Clock;
  /** What is written down is sealed with it. Default: it is not. */
  readonly seal?: Seal;
  readonly host: {
    readonly desired: Pick<Desired, 'all' | 'stopped' | 'problem'>;
    ownerOf(bmc: string): string | undefined;
  };
  readonly unserved: Pick<Unserved, 'all' | 'why' | 'retry'>;
}

/** The fleet file that all hosts share, changed by whoever is asked: only if nobody else was faster. */
export class ClusterFleet implements DesiredFleet {
  readonly #bucket: Bucket;
  readonly #surroundings: Surroundings;

  constructor(bucket: Bucket, surroundings: Surroundings) {
    this.#bucket = bucket;
    this.#surroundings = surroundings;
  }

  async plan(text?: string): Promise<Plan> {
    const { all } = this.#surroundings.host.desired;
    if (text !== undefined) return planOf(all, bmcsOf(text, 'body'));
    const entry = await this.#bucket.get(FLEET_KEY);
    const written = entry && this.#textOf(entry.value);
    return planOf(all, written === undefined ? [] : bmcsOf(written, FLEET_KEY));
  }

  async reload(): Promise<{ readonly plan: Plan; readonly problems: readonly string[] }> {
    const { unserved } = this.#surroundings;
    const plan = await this.plan();
    await unserved.retry();
    let left = await unserved.all();
    await this.#until(async () => (left = await unserved.all()).size === 0, SEEN);
    return { plan, problems: [...left].map(([bmc, why]) => `${bmc}: ${why}`) };
  }

  async stop(name: string): Promise<void> {
    const { host } = this.#surroundings;
    this.#known(name);
    await this.#halt(name, true);
    await this.#until(() => host.ownerOf(name) === undefined, SEEN);
  }

  async start(name: string): Promise<{ readonly problems: readonly string[] }> {
    const { host, unserved } = this.#surroundings;
    this.#known(name);
    const wasStopped = await this.#halt(name, false);
    const isServed = async (): Promise<boolean> =>
      host.ownerOf(name) !== undefined && !(await unserved.all()).has(name);
    if (!wasStopped && (await isServed())) throw refusal('conflict', `BMC '${name}' runs already`);
    if (!wasStopped) await unserved.retry();
    await this.#until(isServed, SERVED);
    const why = (await unserved.all()).get(name);
    return { problems: why === undefined ? [] : [`${name}: ${why}`] };
  }

  async apply(text: string): Promise<{ readonly plan: Plan; readonly problems: readonly string[] }> {
    return { plan: await this.#change(() => text, 1), problems: [] };
  }

  async add(text: string): Promise<{ readonly name: string }> {
    const { host } = this.#surroundings;
    const { bmcs } = refusing(() => loadText(text, 'body', undefined, Date.now()));
    if (bmcs.length !== 1)
      throw refusal('refused-settings', 'body: expected the settings of one BMC, as in an entry of bmcs');
    const name = nameOf(bmcs[0]);
    await this.#change((before) => {
      if (
        before !== undefined &&
        checkedFleet(before, 'the fleet file').bmcs.some((bmc) => nameOf(bmc) === name)
      )
        throw refusal('conflict', `there is a BMC '${name}' already`, {
          key: 'name',
          next: `apply a file that has it, or DELETE /v1/bmcs/${encodeURIComponent(name)} first`,
        });
      return withBmc(before, text);
    });
    await this.#until(() => host.ownerOf(name) !== undefined, SERVED);
    return { name };
  }

  async remove(name: string): Promise<void> {
    const { host } = this.#surroundings;
    await this.#change((before) => {
      const after = before === undefined ? before : withoutBmc(before, name);
      if (after === before)
        throw refusal('unknown-bmc', `there is no BMC '${name}'`, { next: 'GET /v1/bmcs' });
      return after;
    });
    await this.#until(() => host.ownerOf(name) === undefined, SEEN);
    // Another one of that name, added later, is not to be stopped by what was said of this one.
    await this.#halt(name, false);
  }

  #known(name: string): void {
    const { all } = this.#surroundings.host.desired;
    if (!all.has(name)) throw noBmc(name, all.keys());
  }

  /** Whether it was stopped before. Rejects with ControlError. */
  async #halt(name: string, isStopped: boolean): Promise<boolean> {
    const { host } = this.#surroundings;
    this.#checkKnown();
    for (let left = TRIES; left > 0; left--) {
      const entry = await this.#bucket.get(STOPPED_KEY);
      const before = stoppedIn(entry);
      if (before.has(name) === isStopped) return isStopped;
      const after = isStopped ? [...before, name] : [...before].filter((other) => other !== name);
      const bytes = new TextEncoder().encode(JSON.stringify(after));
      if (!(await this.#written(STOPPED_KEY, bytes, entry))) continue;
      await this.#until(() => host.desired.stopped.has(name) === isStopped, SEEN);
      return !isStopped;
    }
    throw refusal('conflict', 'others stop and start BMCs of the cluster at this moment', {
      next: 'ask again',
    });
  }

  /** Throws ControlError where this host does not understand what it would change. */
  #checkKnown(): void {
    const { problem } = this.#surroundings.host.desired;
    if (problem !== undefined)
      throw refusal('conflict', problem, { next: 'ask a host of that version, or upgrade this one' });
  }

  /** False: somebody else was faster. Undefined bytes: it is to be gone. Rejects with ControlError. */
  async #written(
    key: string,
    bytes: Uint8Array | undefined,
    entry: BucketEntry | undefined,
  ): Promise<boolean> {
    try {
      if (bytes === undefined) {
        if (entry) await this.#bucket.remove(key, entry.revision);
      } else if (entry) await this.#bucket.update(key, bytes, entry.revision);
      else await this.#bucket.create(key, bytes);
      return true;
    } catch (error) {
      if (error instanceof ConflictError) return false;
      const why = error instanceof Error ? error.message : String(error);
      throw refusal('unavailable', `nobody says whether it is done: ${why}`, {
        next: 'look at what there is, and ask again',
      });
    }
  }

  /** `edit`: what is to be there in the place of what is; undefined: nothing. Rejects with ControlError. */
  async #change(edit: (text: string | undefined) => string | undefined, tries = TRIES): Promise<Plan> {
    const { host, seal } = this.#surroundings;
    // A whole file takes the place of one that is not understood; a change of it would lose what it says.
    if (tries > 1) this.#checkKnown();
    const before = host.desired.all;
    for (let left = tries; left > 0; left--) {
      await checkedSchema(this.#bucket);
      const entry = await this.#bucket.get(FLEET_KEY);
      const text = refusing(() => edit(entry && this.#textOf(entry.value)));
      const bmcs = text === undefined ? [] : bmcsOf(text, 'body');
      const plan = planOf(before, bmcs);
      const bytes = text === undefined ? undefined : new TextEncoder().encode(text);
      if (!(await this.#written(FLEET_KEY, bytes && seal ? seal.close(bytes) : bytes, entry))) continue;
      const names = new Set(bmcs.map(nameOf));
      const isSeen = (): boolean =>
        host.desired.all.size === names.size && [...names].every((name) => host.desired.all.has(name));
      await this.#until(isSeen, SEEN);
      return plan;
    }
    throw refusal('conflict', 'somebody else has changed the fleet file of the cluster at this moment', {
      next: 'look at it, and change it again',
    });
  }

  #textOf(value: Uint8Array): string {
    const { seal } = this.#surroundings;
    const bytes = seal ? seal.open(value) : value;
    if (!bytes) throw new StorageError('the fleet file is sealed with another key, or not at all');
    return new TextDecoder().decode(bytes);
  }

  /** Whoever comes next may have changed it again: not for ever. */
  async #until(isSo: () => boolean | Promise<boolean>, ms: number): Promise<void> {
    const { clock } = this.#surroundings;
    const end = clock.monotonic() + ms;
    while (!(await isSo()) && clock.monotonic() < end)
      await new Promise<void>((resolve) => void clock.after(LOOK, resolve));
  }
}

/** What a later version wrote stays as it is. Rejects with ControlError. */
async function checkedSchema(bucket: Bucket): Promise<void> {
  const entry = await bucket.get(SCHEMA_KEY);
  try {
    checkSchema(entry);
  } catch (error) {
    throw refusal('conflict', `the cluster: ${(error as Error).message}`);
  }
}

/** The BMCs of a file that makes sense, as hosts read it: the time of an apply is no difference. */
function bmcsOf(text: string, name: string): readonly BmcOptions[] {
  refusing(() => checkedFleet(text, name));
  return parseFile(text, name).bmcs;
}

/** What is wrong with settings is whose they are to mend. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const lines = error.message.split('\n');
    throw refusal('refused-settings', lines[0], lines.length > 1 ? { problems: lines } : {});
  }
}
