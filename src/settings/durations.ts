/**
 * Settings and commands say seconds; whatever waits counts milliseconds. This is the only way between them.
 */
export const milliseconds = (seconds: number): number => seconds * 1000;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** A time as a text; blanks around it do no harm. */
export const DURATION = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/;
const PERCENT = /^(\d+(?:\.\d+)?)\s*%$/;

/** Milliseconds of a time as settings have it: seconds as a number, or `500ms`, `2s`, `10m`. */
export function millisecondsOf(time: number | string): number | undefined {
  if (typeof time === 'number') return time >= 0 && Number.isFinite(time) ? milliseconds(time) : undefined;
  const [, count, unit] = DURATION.exec(time) ?? [];
  return count === undefined ? undefined : Number(count) * UNITS[unit];
}

/** 0..1 of a share as settings have it: a number, or `5%`. */
export function shareOf(share: number | string): number | undefined {
  const [, percent] = typeof share === 'string' ? (PERCENT.exec(share.trim()) ?? []) : [];
  const value = typeof share === 'number' ? share : percent === undefined ? NaN : Number(percent) / 100;
  return value >= 0 && value <= 1 ? value : undefined;
}
