import { hexText } from '../codec/index.ts';
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { HpmImageError, readHpmImage, writeHpmImage, type HpmImage } from '../client/index.ts';
import { parseVersion, versionText, type Version } from '../images/firmware-version.ts';
import { nodeWorld } from '../world/node.ts';
import { CliError, reading } from './errors.ts';

const { files, clock } = nodeWorld();
const ACTIONS = ['back up', 'prepare'];

export interface PackFlags {
  readonly device: number;
  readonly manufacturer: number;
  readonly product: number;
  readonly earliest: string;
  readonly firmware?: string;
  /** File of an Ed25519 private key in PEM. */
  readonly sign?: string;
  readonly plain?: boolean;
}

/** Builds an image from parts `ID=FILE,VERSION[,NAME]`. */
export async function packHpm(out: string, parts: readonly string[], flags: PackFlags): Promise<number> {
  const content = parts.map((part) => {
    const [, id, file, version, description = `component ${id}`] =
      /^([0-7])=([^,]+),([^,]+)(?:,(.*))?$/.exec(part) ?? [];
    if (id === undefined)
      throw new CliError(`'${part}': expected ID=FILE,VERSION[,NAME], like 0=bmc.bin,2.05,BMC`);
    if (description.length > 21) throw new CliError(`'${description}': a name has at most 21 characters`);
    return { component: Number(id), file, version: versionOf(version), description };
  });
  if (flags.plain && flags.sign !== undefined)
    throw new CliError('a signature stands in the descriptor: --sign or --plain');
  const key = flags.sign === undefined ? undefined : privateKey(flags.sign);
  for (const { file } of content) reading(file, () => accessSync(file, constants.R_OK));
  const size = await writeHpmImage(files, out, {
    deviceId: flags.device,
    manufacturerId: flags.manufacturer,
    productId: flags.product,
    time: Math.floor(clock.now() / 1000),
    version: flags.firmware === undefined ? content[0].version : versionOf(flags.firmware),
    earliest: versionOf(flags.earliest),
    parts: content,
    describe: flags.plain !== true,
    sign: key && ((message) => new Uint8Array(sign(null, message, key))),
  });
  process.stdout.write(
    `wrote ${out}: ${content.length} component${content.length === 1 ? '' : 's'}, ${size} bytes\n`,
  );
  return 0;
}

/** Says what is in an image, after checking it whole. Exit code 1: it is damaged, or none. */
export async function showHpm(path: string, flags: { json?: boolean }): Promise<number> {
  const file = await reading(path, () => files.open(path, 'read'));
  try {
    const image = await readHpmImage(file);
    process.stdout.write(flags.json ? `${JSON.stringify(plain(image))}\n` : shown(path, image));
    return 0;
  } catch (error) {
    if (!(error instanceof HpmImageError)) throw error;
    process.stderr.write(`ipmi-bmc: ${path}: ${error.message}\n`);
    return 1;
  } finally {
    await file.close();
  }
}

function plain({ header, records, size }: HpmImage) {
  const {
    deviceId,
    manufacturerId,
    productId,
    time,
    components,
    earliestMajor,
    earliestMinor,
    major,
    minor,
    aux,
  } = header;
  return {
    deviceId,
    manufacturerId,
    productId,
    time: new Date(time * 1000).toISOString(),
    version: versionText({ major, minor, aux: hexText(aux) }),
    earliest: versionText({ major: earliestMajor, minor: earliestMinor, aux: '' }),
    components,
    size,
    records: records.map(({ action, components: affected, firmware }) => ({
      action: firmware ? 'upload' : ACTIONS[action],
      components: affected,
      ...(firmware && {
        component: firmware.component,
        version: versionText(firmware.version),
        description: firmware.description,
        length: firmware.length,
        digest: firmware.descriptor && hexText(firmware.descriptor.digest),
        signed: firmware.descriptor?.signed ?? false,
      }),
    })),
  };
}

function shown(path: string, image: HpmImage): string {
  const { deviceId, manufacturerId, productId, time, version, earliest, size, records } = plain(image);
  const lines = [
    `${path}: firmware ${version} of ${time.slice(0, 10)}, ${size} bytes`,
    `for device ${deviceId}, manufacturer ${manufacturerId}, product ${productId}, with ${earliest} or newer`,
    ...records.map(({ action, components, component, version: own, description, length, digest, signed }) =>
      component === undefined
        ? `${action} ${[...Array(8).keys()].filter((id) => components & (1 << id)).join(', ')}`
        : `upload ${component} ${description}: ${own}, ${length} bytes${digest ? `, SHA-256 ${digest}` : ''}${signed ? ', signed' : ''}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (!version)
    throw new CliError(
      `'${text}' is not a version: expected MAJOR.MINOR or MAJOR.MINOR.AUXILIARY (eight hex digits)`,
    );
  return version;
}

function privateKey(path: string) {
  const text = reading(path, () => readFileSync(path));
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (error) {
    throw new CliError(
      `${path}: no private key in PEM; make one with: openssl genpkey -algorithm ed25519 -out ${path}`,
      { cause: error },
    );
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new CliError(`${path}: a key of type ${key.asymmetricKeyType}, expected ed25519`);
  return key;
}
