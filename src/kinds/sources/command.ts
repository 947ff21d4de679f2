import { own } from '../../machine/sensors/sensor-source.ts';
import type { Zod } from '../../settings/texts.ts';
import type { World } from '../../world/world.ts';
import type { Settings } from '../kind.ts';
import { Outside } from './outside.ts';
import { scaled, type SourceKind } from './source.ts';
import { milliseconds } from '../../settings/durations.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    /** The program. */
    command: zod.string().min(1),
    /** Its arguments. */
    args: zod.array(zod.string()).optional(),
    /** Seconds that the program may take. Default 5. */
    timeout: zod.number().positive().max(600).optional(),
    ...scaled(zod),
  });

/** The first number that a program writes. */
export type CommandValue = Settings<typeof schema>;

export const command: SourceKind<CommandValue> = {
  key: 'command',
  schema,
  make: (value) =>
    own(({ world, log }) => new Outside(value, value.command, world, log, () => output(value, world))),
};

async function output(
  { command, args = [], timeout = 5 }: CommandValue,
  { programs }: World,
): Promise<string> {
  const { code, stdout, stderr } = await programs.run(command, args, { timeout: milliseconds(timeout) });
  if (code === null) throw new Error(`it took more than ${timeout} s`);
  if (code !== 0)
    throw new Error(
      `it ended with ${code}${stderr ? `: ${stderr.trim().split('\n')[0].slice(0, 200)}` : ''}`,
    );
  return stdout;
}
