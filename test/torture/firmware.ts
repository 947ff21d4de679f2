// `ipmitool hpm upgrade` runs over LAN while `kill -9` ends the BMC at a random moment, round after round on
// one state directory. At the next start each component boots what was there before, or the new image and
// that one whole, and says which.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connectLan, updateStatus, writeHpmImage } from '../../src/client/index.ts';
import { hash } from '../../src/crypto/hash.ts';
import { hexText } from '../../src/codec/index.ts';
import { parseVersion } from '../../src/images/firmware-version.ts';
import { nodeWorld } from '../../src/world/index.ts';
import type { Random } from '../../src/world/world.ts';
import { judged, startBmc, type RunningBmc } from '../support/cli.ts';
import { lanplus } from '../support/tools.ts';

export interface FirmwareTally {
  rounds: number;
  /** Rounds after which the image before, and the new one, was active. */
  old: number;
  new: number;
  /** Rounds after which a verified image waited for activation. */
  waiting: number;
}

const SIZE = 1_500_000;
/** Components of the judged platform that need no reset. */
const COMPONENTS = [1, 2] as const;

/** `progress` is told of each round. Throws an Error that names the round and what is wrong. */
export async function firmwareRounds(
  rounds: number,
  directory: string,
  random: Random,
  progress: (done: number) => void,
): Promise<FirmwareTally> {
  const world = nodeWorld();
  const tally: FirmwareTally = { rounds: 0, old: 0, new: 0, waiting: 0 };
  const state = `${directory}/state`;
  mkdirSync(directory, { recursive: true });
  /** Version to the digest of its image, by component. */
  const made = new Map<string, string>();
  let active: string[] = [];
  let bmc: RunningBmc | undefined;
  try {
    for (let round = 0; round <= rounds; round++) {
      bmc = await startBmc(judged, '--state', state);
      const { port } = bmc;
      const client = await connectLan(world, {
        host: '127.0.0.1',
        port: Number(port),
        user: 'admin',
        password: 'AdminPass123',
      });
      const found = (await updateStatus(client)).filter(
        ({ component }) => component === COMPONENTS[0] || component === COMPONENTS[1],
      );
      await client.close();
      const version = versionOf(round);
      for (const [i, one] of found.entries()) {
        const able = round === 0 ? [one.active] : [active[i], versionOf(round - 1)];
        const where = `round ${round}: ${one.name} boots ${one.active}`;
        if (!able.includes(one.active)) throw new Error(`${where}, expected ${able.join(' or ')}`);
        if (one.digest !== made.get(`${one.component} ${one.active}`))
          throw new Error(`${where} with an image that nobody made`);
        // What was never updated boots without a word.
        if (one.digest !== undefined && !bmc.log().includes(`${one.name} boots ${one.active} from slot`))
          throw new Error(`${where} and does not say so`);
        if (bmc.log().includes('damaged')) throw new Error(`${where}: ${bmc.log()}`);
        if (round > 0) tally[one.active === active[i] ? 'old' : 'new']++;
        if (one.deferred !== undefined) tally.waiting++;
      }
      active = found.map((one) => one.active);
      tally.rounds = round;
      progress(round);
      if (round === rounds) break;
      const image = `${directory}/image.hpm`;
      const parts = COMPONENTS.map((component) => ({
        component,
        version: parseVersion(version)!,
        description: `round ${round}`,
        file: `${directory}/${component}.bin`,
      }));
      for (const { component, file } of parts) {
        const data = random.bytes(SIZE);
        writeFileSync(file, data);
        made.set(`${component} ${version}`, hexText(hash('sha256', data)));
      }
      const device = { deviceId: 0x20, manufacturerId: 0x1291, productId: 0xf02, time: 0 };
      await writeHpmImage(world.files, image, {
        ...device,
        version: parts[0].version,
        earliest: { major: 0, minor: 0 },
        parts,
        describe: true,
      });
      const login = lanplus(port);
      const upgrade = spawn('ipmitool', [...login, 'hpm', 'upgrade', image, 'force', 'activate'], {
        stdio: 'ignore',
      });
      const gone = new Promise((resolve) => upgrade.once('exit', resolve));
      await new Promise((resolve) => setTimeout(resolve, 50 + (random.u32() % 2000)));
      await bmc.stop('SIGKILL');
      upgrade.kill('SIGKILL');
      await gone;
    }
  } finally {
    await bmc?.stop();
  }
  return tally;
}

/** Each round has a version of its own. */
const versionOf = (round: number): string =>
  `${1 + Math.floor(round / 100)}.${String(round % 100).padStart(2, '0')}`;
