import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Bmc, type BmcOptions } from '../../src/bmc.ts';
import { judged } from './cli.ts';

/** The judged platform in this process, so that something of it can be changed; `use` gets its LAN port. */
export async function withJudged<T>(
  use: (bmc: Bmc, port: string) => Promise<T>,
  more: BmcOptions['interfaces'] = [],
): Promise<T> {
  return withOpen(parse(readFileSync(judged, 'utf8')) as BmcOptions, use, more);
}

/** A BMC with these settings, listening on a port that the system chooses. */
export async function withOpen<T>(
  settings: BmcOptions,
  use: (bmc: Bmc, port: string) => Promise<T>,
  more: BmcOptions['interfaces'] = [],
): Promise<T> {
  const given = (settings.interfaces ?? []).map((one) =>
    one.type === 'lan' ? { ...one, listen: '127.0.0.1:0' } : one,
  );
  const bmc = new Bmc({ ...settings, interfaces: [...given, ...more] });
  await bmc.open();
  try {
    const lan = bmc.interfaces.find(({ type }) => type === 'lan');
    return await use(bmc, lan?.address.split(':')[1] ?? '');
  } finally {
    await bmc.close();
  }
}
