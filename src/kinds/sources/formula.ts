import { FormulaError, parseFormula } from '../../machine/sensors/formula.ts';
import { following, own } from '../../machine/sensors/sensor-source.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import type { SourceKind } from './source.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    /** The formula. */
    formula: text(zod),
  });

/** The mistake's place within the text goes along, so that the message names its column. */
const text = (zod: Zod) =>
  zod.string().superRefine((value, context) => {
    try {
      parseFormula(value);
    } catch (error) {
      if (!(error instanceof FormulaError)) throw error;
      context.addIssue({ code: 'custom', message: error.message, params: { at: error.at } });
    }
  });

/** `45 + 10*sin(t/60)`; `t`: seconds since the start. See docs/sensors.md. */
export type FormulaValue = Settings<typeof schema>;

export const formula: SourceKind<FormulaValue> = {
  key: 'formula',
  schema,
  make: (value) => {
    const formula = parseFormula(value.formula);
    return own(({ world }) => following(formula, world.clock));
  },
};
