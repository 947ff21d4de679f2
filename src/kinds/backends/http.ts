import type { MachineReports, PowerAction, PowerBackend } from '../../machine/chassis/machine.ts';
import { CC, IpmiError } from '../../codec/index.ts';
import { firstLineOf, Poll, seconds, type BackendKind, type BackendSurroundings } from './backend.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import { milliseconds } from '../../settings/durations.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('http'),
    /** Where the machine is switched and asked for (docs/vm.md). */
    url: zod.string().regex(/^https?:\/\/\S+$/, 'expected an http or https URL'),
    /** Sent with each request; what they say is in no log. */
    headers: zod.record(zod.string(), zod.string()).optional(),
    /** Seconds for one request. Default 10. */
    timeout: seconds(zod),
    /** Seconds between two looks at the power. Default 10; 0: never. */
    interval: zod.number().min(0).max(3600).optional(),
  });

/** `POST` does an action, `GET` tells the power. */
export type HttpBackendOptions = Settings<typeof schema>;

/**
 * A web hook. `POST url {"bmc", "action", "boot": {"device", "persistent", "efi"}}` does an action, answered
 * 2xx when it was done; `GET url` answers `{"power": "on"}` or `off`.
 */
export class HttpBackend implements PowerBackend {
  readonly watch?: (reports: MachineReports) => Promise<void>;
  readonly #options: Omit<HttpBackendOptions, 'type'>;
  readonly #surroundings: BackendSurroundings;
  #poll: Poll | undefined;

  constructor(options: Omit<HttpBackendOptions, 'type'>, surroundings: BackendSurroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
    const { interval = 10 } = options;
    if (interval > 0)
      this.watch = (reports) => {
        this.#poll = new Poll(surroundings.world.clock, interval, () => this.#look(reports));
        return this.#poll.start();
      };
  }

  async power(action: PowerAction): Promise<void> {
    const body = JSON.stringify({ bmc: this.#surroundings.name, action, boot: this.#surroundings.boot() });
    const { status, body: text } = await this.#request('POST', body);
    if (status < 200 || status > 299)
      throw new Error(`the hook answered ${status}${text.trim() && `: ${firstLineOf(text)}`}`);
  }

  close(): Promise<void> {
    this.#poll?.stop();
    return Promise.resolve();
  }

  async #look(reports: MachineReports): Promise<void> {
    try {
      const { status, body } = await this.#request('GET');
      const [, word] = /"power"\s*:\s*"(on|off)"/i.exec(body) ?? [];
      if (status === 200 && word) reports.power(word.toLowerCase() === 'on');
      else
        this.#surroundings.log.warn(
          `${this.#surroundings.name}: power status: expected {"power": "on"}, received ${status} '${firstLineOf(body)}'`,
        );
    } catch (error) {
      this.#surroundings.log.warn(`${this.#surroundings.name}: power status: ${(error as Error).message}`);
    }
  }

  async #request(method: string, body?: string): Promise<{ status: number; body: string }> {
    const { url, headers = {}, timeout = 10 } = this.#options;
    try {
      return await this.#surroundings.world.http.request(url, {
        method,
        body,
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        timeout: milliseconds(timeout),
      });
    } catch (error) {
      if ((error as { code?: string }).code === 'ETIMEDOUT')
        throw new IpmiError(CC.Timeout, 'the hook took too long');
      throw error;
    }
  }
}

export const http: BackendKind<HttpBackendOptions> = {
  type: 'http',
  schema,
  make: (options, surroundings) => ({ backend: new HttpBackend(options, surroundings) }),
};
