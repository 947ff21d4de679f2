import { latin1 } from '../../codec/index.ts';
import { own } from '../../machine/sensors/sensor-source.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import { Outside } from './outside.ts';
import { scaled, type SourceKind } from './source.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    /** Its path. */
    file: zod.string().min(1),
    ...scaled(zod),
  });

/** The first number in a file (`/sys/class/thermal/thermal_zone0/temp` with scale 0.001). */
export type FileValue = Settings<typeof schema>;

export const file: SourceKind<FileValue> = {
  key: 'file',
  schema,
  make: (value) =>
    own(
      ({ world, log }) =>
        new Outside(value, value.file, world, log, async () => latin1(await world.files.read(value.file))),
    ),
};
