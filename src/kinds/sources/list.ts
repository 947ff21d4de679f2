// Written by `npm run docs` from the files beside it, in the order in which messages name them.
import { swing, type SwingValue } from './swing.ts';
import { formula, type FormulaValue } from './formula.ts';
import { file, type FileValue } from './file.ts';
import { command, type CommandValue } from './command.ts';
import { push, type PushValue } from './push.ts';

export type { SwingValue, FormulaValue, FileValue, CommandValue, PushValue };
export const kinds = [swing, formula, file, command, push] as const;
/** Their settings. */
export type KindSettings = SwingValue | FormulaValue | FileValue | CommandValue | PushValue;
