import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopped } from './cli.ts';
import { shortPort } from './ports.ts';

/** prometheus-community's ipmi_exporter. */
export interface Exporter {
  /** What it has of the BMC at `host:port`. Rejects where it does not answer. */
  readonly scrape: (target: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Starts it with one account for all BMCs; resolves when it answers. */
export async function startExporter(account: {
  readonly user: string;
  readonly password: string;
  readonly collectors: readonly string[];
}): Promise<Exporter> {
  const { user, password, collectors } = account;
  const folder = mkdtempSync(join(tmpdir(), 'exporter-'));
  const config = join(folder, 'exporter.yml');
  writeFileSync(
    config,
    `modules:\n  default:\n    user: ${user}\n    pass: ${password}\n    driver: LAN_2_0\n    privilege: admin\n    collectors: [${collectors.join(', ')}]\n`,
  );
  const at = `127.0.0.1:${await shortPort()}`;
  const child = spawn('prometheus-ipmi-exporter', [`--config.file=${config}`, `--web.listen-address=${at}`], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  const get = async (path: string): Promise<string> => (await fetch(`http://${at}${path}`)).text();
  const begins = async (tries: number): Promise<void> => {
    try {
      await get('/');
    } catch (error) {
      if (tries === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
      await begins(tries - 1);
    }
  };
  const stop = async (): Promise<void> => {
    await stopped(child);
    rmSync(folder, { recursive: true });
  };
  try {
    await begins(600);
  } catch (error) {
    await stop();
    throw error;
  }
  return { scrape: (target) => get(`/ipmi?target=${target}`), stop };
}
