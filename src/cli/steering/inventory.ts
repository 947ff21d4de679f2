import { readFileSync } from 'node:fs';
import type { FirmwareState, FruState } from '../../control/answers.ts';
import type { ControlClient } from '../../control/client.ts';
import { CliError, reading } from '../errors.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { facts, lineOf, table, tell, type Column } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export interface FruFlags extends Flags {
  readonly offset?: number;
}

export const FRU_VERBS = ['list', 'show', 'image', 'write'] as const;

const FRUS: readonly Column<FruState>[] = [
  { name: 'ID', right: true, of: ({ id }) => id },
  { name: 'NAME', of: ({ name }) => name },
  { name: 'SIZE', right: true, of: ({ size }) => size },
  { name: 'AREAS', of: ({ content }) => (content ? Object.keys(content).join(' ') : 'none') },
];

/** What a machine consists of. */
export async function fru(words: readonly string[], flags: FruFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, FRU_VERBS, 'list');
  if (flags.offset !== undefined && verb !== 'write') throw new CliError('--offset is for write');
  const needed = verb === 'write' ? ['ID', 'FILE'] : ['ID'];
  const [id = '', file = ''] = verb === 'list' ? only(rest, []) : all(rest, ...needed);
  const bytes = verb === 'write' ? bytesIn(file) : undefined;
  const control = daemonOf(flags);
  const path = pathOf(await bmcNamed(control, bmc), '/fru');
  if (verb === 'list') {
    const found = await control.get<{ frus: FruState[] }>(path);
    return tell(flags, found, () => table(FRUS, found.frus, flags));
  }
  const devicePath = `${path}/${encodeURIComponent(id)}`;
  const device = await (bytes === undefined
    ? control.get<FruState>(`${devicePath}${verb === 'image' ? '?image=true' : ''}`)
    : control.put<FruState>(devicePath, { offset: flags.offset ?? 0, data: bytes.toString('hex') }));
  if (verb === 'image') {
    const { image = '' } = device;
    return tell(flags, device, () => image.replace(/(..){1,16}/g, '$&\n'));
  }
  return tell(flags, device, () =>
    facts([
      ['Id', device.id],
      ['Name', device.name],
      ['Size', `${device.size} bytes`],
      ...Object.entries(device.content ?? {}).flatMap(([area, value]) => fieldsOf(area, value)),
    ]),
  );
}

/** Bytes of a file, or of standard input. Throws CliError. */
function bytesIn(file: string): Buffer {
  const bytes = file === '-' ? readFileSync(0) : reading(file, () => readFileSync(file));
  if (bytes.length === 0) throw new CliError(`${file === '-' ? 'stdin' : file}: there is nothing in it`);
  return bytes;
}

const fieldsOf = (area: string, value: unknown): (readonly [string, unknown])[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).map(([name, field]) => [`${area} ${name}`, lineOf(field)] as const)
    : [[area, lineOf(value)]];

export interface FirmwareFlags extends Flags {
  readonly component?: number;
  readonly takeover?: boolean;
}

export const FIRMWARE_VERBS = ['list', 'upload', 'activate', 'rollback', 'abort'] as const;

type Component = FirmwareState['components'][number];
const COMPONENTS: readonly Column<Component>[] = [
  { name: 'ID', right: true, of: ({ id }) => id },
  { name: 'NAME', of: ({ name }) => name },
  { name: 'ACTIVE', of: ({ active }) => active.version },
  { name: 'PENDING', of: ({ pending }) => pending?.version },
  { name: 'ROLLBACK', of: ({ rollback }) => rollback?.version },
  { name: 'SIZE', wide: true, right: true, of: ({ active }) => active.size },
  { name: 'DIGEST', wide: true, of: ({ active }) => active.digest },
];

/** Firmware of a machine's components, and putting another one there. */
export async function firmware(words: readonly string[], flags: FirmwareFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, FIRMWARE_VERBS, 'list');
  const [file = ''] = verb === 'upload' ? all(rest, 'FILE') : only(rest, []);
  const control = daemonOf(flags);
  const path = pathOf(await bmcNamed(control, bmc), '/firmware');
  if (verb === 'upload') await upload(control, path, file, flags);
  else if (verb === 'abort') await control.delete(`${path}/upload`);
  else if (verb !== 'list') await control.post(`${path}/${verb}`);
  const state = await control.get<FirmwareState>(path);
  await tell(flags, state, () => table(COMPONENTS, state.components, flags) + uploadText(state));
}

const uploadText = ({ upload: current, switching }: FirmwareState): string =>
  `${current ? `an upload for component ${current.component} is ${current.stage}: ${current.received} bytes, of ${current.owner}\n` : ''}${switching ? 'an activation is under way\n' : ''}`;

/** Bytes of a piece: twice as many digits are well below what a body may have. */
const PIECE = 128 << 10;

async function upload(
  control: ControlClient,
  path: string,
  file: string,
  { component, takeover = false }: FirmwareFlags,
): Promise<void> {
  if (component === undefined) throw new CliError('upload needs --component');
  const image = bytesIn(file);
  await control.post(`${path}/${component}/upload`, { takeover });
  for (let offset = 0; offset < image.length; offset += PIECE) {
    const data = image.subarray(offset, offset + PIECE).toString('hex');
    await control.put(`${path}/upload`, { offset, data });
  }
  await control.post(`${path}/upload/finish`, { size: image.length });
}
