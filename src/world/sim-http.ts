import { systemError } from './system-error.ts';
import type { Clock, Http, HttpAnswer, HttpRequest, StreamAddress, StreamServer } from './world.ts';

type Answerer = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** HTTP of a simulated world: servers are found by the `host:port` of the URL. */
export class SimHttp implements Http {
  readonly #clock: Clock;
  readonly #servers = new Map<string, Answerer>();
  #port = 30_000;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  request(
    ...[url, { method = 'GET', headers = {}, body = '', timeout = 10_000 } = {}]: Parameters<Http['request']>
  ): ReturnType<Http['request']> {
    const [, authority, path] = /^https?:\/\/([^/]+)(\/.*)?$/.exec(url) ?? [];
    return new Promise((resolve, reject) => {
      this.#clock.after(1, () => {
        const server = this.#servers.get(authority);
        if (!server) return reject(systemError('ECONNREFUSED', 'connect', authority));
        const timer = this.#clock.after(timeout, () => reject(systemError('ETIMEDOUT', 'request', url)));
        void Promise.resolve(server({ method, path: path ?? '/', headers, body })).then(
          (answer) => {
            timer.cancel();
            resolve({ status: answer.status, body: answer.body ?? '' });
          },
          () => resolve({ status: 500, body: 'failed' }),
        );
      });
    });
  }

  async listen(at: StreamAddress, answer: Answerer): Promise<StreamServer> {
    const address = 'path' in at || at.port !== 0 ? at : { ...at, port: this.#port++ };
    const name = 'path' in address ? address.path : `${address.host}:${address.port}`;
    if (this.#servers.has(name)) throw systemError('EADDRINUSE', 'listen', name);
    this.#servers.set(name, answer);
    return {
      address,
      close: () => {
        if (this.#servers.get(name) === answer) this.#servers.delete(name);
        return Promise.resolve();
      },
    };
  }
}
