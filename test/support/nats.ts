import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopped } from './cli.ts';
import { shortPort } from './ports.ts';

/** `nats-server`, which scripts/setup.mjs gets from PyPI; NATS_SERVER names another one. */
export const natsServer =
  process.env.NATS_SERVER ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ipmi-bmc/nats/bin/nats-server');
export const hasNats = existsSync(natsServer);

/** A server that may be stopped, killed, and begun again with what it has on disk. */
export class Nats {
  readonly url: string;
  child: ChildProcess | undefined;
  /** What it has on disk. */
  readonly store: string;
  readonly #config: string;
  readonly #port: number;

  constructor(port: number, config: string, store: string) {
    this.#port = port;
    this.#config = config;
    this.store = store;
    this.url = `nats://127.0.0.1:${port}`;
  }

  /** Resolves when it takes connections. */
  async begin(): Promise<void> {
    this.child = spawn(natsServer, ['-c', this.#config], { stdio: 'ignore' });
    for (let tries = 0; tries < 1200; tries++) {
      const isThere = await new Promise<boolean>((resolve) => {
        const socket = connect(this.#port, '127.0.0.1', () => resolve(true));
        socket.on('error', () => resolve(false));
        socket.on('connect', () => socket.destroy());
      });
      if (isThere) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('nats-server does not listen');
  }

  async end(): Promise<void> {
    if (this.child) await stopped(this.child);
    this.child = undefined;
  }
}

export interface NatsCluster {
  readonly servers: readonly Nats[];
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/** So many servers on the loopback, one cluster where they are more; `extra`: lines of their configuration. */
export async function startNats(count = 1, extra = ''): Promise<NatsCluster> {
  const nats = await natsServers(count, extra);
  await Promise.all(nats.servers.map((server) => server.begin()));
  return nats;
}

/** As `startNats`, and none of them has begun. `jetstream`: more of that section. */
export async function natsServers(count = 1, extra = '', jetstream = ''): Promise<NatsCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'nats-'));
  const base = await shortPort();
  const ports = Array.from({ length: 2 * count }, (_, i) => base + i);
  const routes = ports.slice(count).map((port) => `nats://127.0.0.1:${port}`);
  const servers = Array.from({ length: count }, (_, i) => {
    const config = join(folder, `${i}.conf`);
    const cluster = `cluster { name: test, listen: "127.0.0.1:${ports[count + i]}", routes: [${routes.map((url) => `"${url}"`).join(', ')}] }`;
    writeFileSync(
      config,
      `server_name: n${i}\nlisten: "127.0.0.1:${ports[i]}"\njetstream { store_dir: "${join(folder, String(i))}", ${jetstream} }\n${count > 1 ? cluster : ''}\n${extra}\n`,
    );
    return new Nats(ports[i], config, join(folder, String(i)));
  });
  return {
    servers,
    urls: servers.map(({ url }) => url),
    async stop() {
      await Promise.all(servers.map((server) => server.end()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
