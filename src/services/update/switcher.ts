import type { Setup } from '../../state/setup.ts';
import type { Component } from './component.ts';
import { told, UpdateError } from './errors.ts';
import { versionText } from '../../images/firmware-version.ts';

/** Results of the last self test, as HPM.1 Query Self-test Results has them. */
export interface SelfTestResult {
  /** 55h passed, 60h components failed. */
  readonly result: number;
  /** A bit a failed component. */
  readonly failed: number;
}

/** The last automatic or manual rollback, as HPM.1 Query Rollback Status has it. */
export interface RollbackResult {
  /** A bit a component that was rolled back, or that could not be. */
  readonly components: number;
  /**
   * `denied`: the image before is damaged. `overridden`: what failed its self test stays, because it was told
   * to.
   */
  readonly outcome: 'done' | 'failed' | 'denied' | 'overridden';
}

export interface SwitcherOptions {
  readonly bmc: string;
  /**
   * Resets the BMC for its new firmware; called a moment after `activate` or `rollBack` began, so that
   * answers still go out.
   */
  readonly restart: () => void;
  /** The active image of a component is another one. */
  readonly activated: (component: Component) => void;
}

/** Milliseconds that an answer has before the BMC resets under it. */
const BEFORE_RESTART = 300;
const PASSED: SelfTestResult = { result: 0x55, failed: 0 };
const NO_ROLLBACK: RollbackResult = { components: 0, outcome: 'done' };

/** A bit a component. */
const mask = (components: readonly Component[]): number =>
  components.reduce((bits, { id }) => bits | (1 << id), 0);

/** What changes which image runs: start, activation, self test, rollback. One at a time. */
export class Switcher {
  /** Of the last activation; while the next one runs, still of the one before. */
  selfTest: SelfTestResult = PASSED;
  lastRollback: RollbackResult = NO_ROLLBACK;
  /** What is under way, for people. */
  busy: 'activating' | 'rolling back' | undefined;
  readonly #setup: Setup;
  readonly #options: SwitcherOptions;
  readonly #boots: () => boolean;

  /** `boots`: what is new comes up. */
  constructor(setup: Setup, options: SwitcherOptions, boots: () => boolean) {
    this.#setup = setup;
    this.#options = options;
    this.#boots = boots;
  }

  /** Finds out what boots, and says so. */
  async boot(component: Component): Promise<void> {
    await component.boot({ warn: (line) => this.#setup.log.warn(`${this.#options.bmc}: ${line}`) });
    // The power went between activation and self test.
    if (component.onTrial && (await this.#test([component])).length > 0)
      await this.#back([component], 'automatic rollback');
    const { active, activeSlot, name } = component;
    const boots = `${name} boots ${versionText(active.version)} from slot ${activeSlot}`;
    if (active.stored) this.#log(`${boots}, SHA-256 ${active.digest}`);
    // What was never updated boots as the settings say: every start of every BMC would say so.
    else this.#setup.log.debug(`${this.#options.bmc}: update: ${boots} (factory)`);
    this.#options.activated(component);
  }

  /** Pending images become the active ones and are tested. Rejects with UpdateError. */
  async activate(components: readonly Component[], who: string, keepFailed: boolean): Promise<void> {
    this.lastRollback = NO_ROLLBACK;
    await this.#exclusive('activating', async () => {
      for (const component of components) await component.stage('activate', component.spareSlot);
      const switched: Component[] = [];
      try {
        for (const component of components) {
          await component.switchOver();
          switched.push(component);
          this.#log(
            `${who} activates ${component.name} ${versionText(component.active.version)}, SHA-256 ${component.active.digest}`,
          );
        }
      } catch (error) {
        // All of them, or none.
        await this.#back(switched, 'automatic rollback');
        throw error;
      }
      await this.#restarted(components);
      const failed = await this.#test(components);
      if (failed.length === 0) return;
      if (keepFailed) {
        for (const component of failed) await component.commit();
        this.lastRollback = { components: mask(failed), outcome: 'overridden' };
      } else await this.#restarted(await this.#back(failed, 'automatic rollback'));
      throw new UpdateError('self-test', `${failed.map(({ name }) => name).join(', ')} failed the self test`);
    });
  }

  /** What the last activation replaced comes back. Rejects with UpdateError. */
  async rollBack(components: readonly Component[], who: string): Promise<void> {
    await this.#exclusive('rolling back', async () => {
      const back = await this.#back(components, who);
      await this.#restarted(back);
      if (back.length < components.length)
        throw new UpdateError('nothing-to-roll-back', 'not every component could be rolled back');
    });
  }

  async #exclusive(action: 'activating' | 'rolling back', work: () => Promise<void>): Promise<void> {
    this.busy = action;
    try {
      await work();
    } catch (error) {
      throw told(error);
    } finally {
      this.busy = undefined;
    }
  }

  /** New firmware runs after a restart: of the BMC itself, which takes its sessions with it. */
  async #restarted(components: readonly Component[]): Promise<void> {
    if (components.some(({ options }) => options.bmc)) {
      await new Promise<void>((resolve) => this.#setup.clock.after(BEFORE_RESTART, resolve));
      this.#options.restart();
    }
    for (const component of components) this.#options.activated(component);
  }

  /** Returns those that fail; the others are no longer on trial. */
  async #test(components: readonly Component[]): Promise<Component[]> {
    const failed: Component[] = [];
    for (const component of components) {
      try {
        if (!this.#boots())
          throw new UpdateError('self-test', `${component.name} does not boot (a fault, on purpose)`);
        await component.stage('self-test', component.activeSlot);
        await component.commit();
      } catch (error) {
        this.#warn(`self test of ${component.name}`, error);
        failed.push(component);
      }
    }
    this.selfTest = failed.length > 0 ? { result: 0x60, failed: mask(failed) } : PASSED;
    return failed;
  }

  /** Returns those that are back. */
  async #back(components: readonly Component[], who: string): Promise<Component[]> {
    const back: Component[] = [];
    let outcome: RollbackResult['outcome'] = 'done';
    for (const component of components) {
      try {
        await component.stage('rollback', component.spareSlot);
        await component.switchBack();
        back.push(component);
        this.#log(`${who}: ${component.name} is ${versionText(component.active.version)} again`);
      } catch (error) {
        outcome = told(error).problem === 'digest' ? 'denied' : 'failed';
        this.#warn(`rollback of ${component.name}`, error);
      }
    }
    const failed = components.filter((component) => !back.includes(component));
    this.lastRollback = { components: mask(failed.length > 0 ? failed : back), outcome };
    return back;
  }

  #warn(action: string, error: unknown): void {
    this.#setup.log.warn(`${this.#options.bmc}: ${action}: ${told(error).message}`);
  }

  #log(line: string): void {
    this.#setup.log.info(`${this.#options.bmc}: update: ${line}`);
  }
}
