import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import type { ConsoleKind } from './console.ts';

const schema = (zod: Zod) => zod.strictObject({ type: zod.literal('none') });

export type NoConsoleOptions = Settings<typeof schema>;

export const none: ConsoleKind<NoConsoleOptions> = { type: 'none', schema, plug: () => Promise.resolve() };
