import type { Command } from '../commands/command.ts';
import { ExpectationError } from './expectation.ts';
import { Wanted, type Fields, type RequestFilter } from './matching.ts';
import type { SelExpectation } from './sel.ts';
import { TestBmc, type ExpectOptions, type OtherOptions } from './test-bmc.ts';

/** What `expect(bmc)` can say, in vitest and in Jest. */
export interface BmcMatchers<R = unknown> {
  /** Such a request comes in time, or has come: `await expect(bmc).toReceive(ChassisControl, { action: 'on' })`. */
  toReceive<C extends Command>(command: C | string, fields?: Fields<C>, options?: ExpectOptions): Promise<R>;
  /** Such a request has come. */
  toHaveReceived<C extends Command>(command: C | string, fields?: Fields<C>, filter?: RequestFilter): R;
  /** Nothing came but what `toReceive` was about, and what clients send to log in and out. */
  toHaveReceivedNoOther(options?: OtherOptions): R;
  /** Such an entry is in the event log. */
  toHaveLogged(entry: SelExpectation): R;
  /** The machine is on. */
  toBeOn(): R;
  /** The machine is off. */
  toBeOff(): R;
}

interface Outcome {
  readonly pass: boolean;
  readonly message: () => string;
}

const bmcOf = (received: unknown): TestBmc => {
  if (received instanceof TestBmc) return received;
  throw new TypeError('expected a BMC of startBmc');
};

const outcome = (bmc: TestBmc, pass: boolean, is: string, isNot: string): Outcome => ({
  pass,
  message: () => `${pass ? isNot : is}\n${bmc.report}`,
});

/** For `expect.extend` of vitest and of Jest. */
export const bmcMatchers = {
  async toReceive(
    received: unknown,
    command: Command | string,
    fields?: Fields<Command>,
    options?: ExpectOptions,
  ): Promise<Outcome> {
    const bmc = bmcOf(received);
    try {
      const request = await bmc.expectRequest(command, fields, options);
      return outcome(bmc, true, '', `expected it not to come: ${request.text}`);
    } catch (error) {
      if (!(error instanceof ExpectationError)) throw error;
      return { pass: false, message: () => error.message };
    }
  },

  toHaveReceived(
    received: unknown,
    command: Command | string,
    fields?: Fields<Command>,
    filter?: RequestFilter,
  ): Outcome {
    const bmc = bmcOf(received);
    const { text } = new Wanted(command, fields, filter);
    const has = bmc.hasReceived(command, fields, filter);
    return outcome(bmc, has, `expected ${text}, and it has not come`, `expected no ${text}, and it has come`);
  },

  toHaveReceivedNoOther(received: unknown, options?: OtherOptions): Outcome {
    const bmc = bmcOf(received);
    try {
      bmc.expectNoOther(options);
      return outcome(bmc, true, '', 'expected other requests, and there came none');
    } catch (error) {
      if (!(error instanceof ExpectationError)) throw error;
      return { pass: false, message: () => error.message };
    }
  },

  toHaveLogged(received: unknown, entry: SelExpectation): Outcome {
    const bmc = bmcOf(received);
    const wanted = JSON.stringify(entry);
    const { report } = bmc.sel;
    return outcome(
      bmc,
      bmc.sel.find(entry) !== undefined,
      `expected ${wanted} in the SEL, and it is not there\n${report}`,
      `expected no ${wanted} in the SEL, and it is there\n${report}`,
    );
  },

  toBeOn(received: unknown): Outcome {
    const bmc = bmcOf(received);
    return outcome(bmc, bmc.power === 'on', 'expected on, and it is off', 'expected off, and it is on');
  },

  toBeOff(received: unknown): Outcome {
    const bmc = bmcOf(received);
    return outcome(bmc, bmc.power === 'off', 'expected off, and it is on', 'expected on, and it is off');
  },
};
