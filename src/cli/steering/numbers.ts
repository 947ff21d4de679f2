import { InvalidArgumentError } from 'commander';

/** A whole number of an option. The result throws InvalidArgumentError. */
export const number =
  (most: number, least = 0) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number of ${least} to ${most}`);
    return value;
  };

/** Seconds of an option, with parts of one. The result throws InvalidArgumentError. */
export const secondsOf =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text.replace(/s$/, ''));
    if (!/^\d+(\.\d+)?s?$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`expected seconds, ${least} to ${most}`);
    return value;
  };

/** An option that may be said again. */
export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
