// Written by `npm run docs` from the files beside it, in the order in which messages name them.
import { none, type NoConsoleOptions } from './none.ts';
import { simulated, type SimulatedConsoleOptions } from './simulated.ts';
import { socket, type SocketConsoleOptions } from './socket.ts';
import { tty, type TtyConsoleOptions } from './tty.ts';
import { replay, type ReplayConsoleOptions } from './replay.ts';

export type {
  NoConsoleOptions,
  SimulatedConsoleOptions,
  SocketConsoleOptions,
  TtyConsoleOptions,
  ReplayConsoleOptions,
};
export const kinds = [none, simulated, socket, tty, replay] as const;
/** Their settings. */
export type KindSettings =
  | NoConsoleOptions
  | SimulatedConsoleOptions
  | SocketConsoleOptions
  | TtyConsoleOptions
  | ReplayConsoleOptions;
