import type { SensorState } from 'ipmi-bmc/control';

/** From where to where a reading is drawn. */
export interface Scale {
  readonly from: number;
  readonly to: number;
}

/** A little further than the outermost thresholds and the reading. */
export function scaleOf({ thresholds, value }: Pick<SensorState, 'thresholds' | 'value'>): Scale {
  const all = [...Object.values(thresholds), ...(value === null ? [] : [value])];
  if (all.length === 0) return { from: 0, to: 100 };
  const [low, high] = [Math.min(0, ...all), Math.max(...all)];
  const beyond = (high - low) * 0.1 || 1;
  return { from: low, to: high + beyond };
}

/** 0..1. */
export const shareOf = ({ from, to }: Scale, value: number): number =>
  Math.min(1, Math.max(0, (value - from) / (to - from || 1)));
