import { layout, type Layout, type Shape, type Value } from '../../codec/index.ts';

/** The tables of configuration parameters, each with a pair of commands of its own. */
export type ParameterTableName = 'LAN' | 'serial' | 'SOL' | 'PEF' | 'boot' | 'system info' | 'DCMI';

export interface ParameterLiteral<S extends Shape> {
  readonly selector: number;
  /** The specification's name. */
  readonly name: string;
  /** The data without set and block selector. */
  readonly layout: S;
  /** Default: read-write. Write-only ones can be set and are read by the BMC alone. */
  readonly access?: 'read-only' | 'write-only';
  /** Nobody shows it or writes it down. Default: write-only ones. */
  readonly secret?: boolean;
  /** How many sets there are; the first data byte says which. */
  readonly sets?: number;
  /** Number of the first set. Default 0. */
  readonly firstSet?: number;
  /** How many blocks a set has; the data byte after the set's says which. */
  readonly blocks?: number;
  /** Number of the first block. Default 1. */
  readonly firstBlock?: number;
  /** Set 0 is a place for values that nobody keeps. */
  readonly volatileSet?: boolean;
  /** Reserved bits are kept as they come, refused with CCh, or dropped. Default: kept. */
  readonly reserved?: 'kept' | 'refused' | 'dropped';
  /** Kept in its whole size: zeros stand behind what is shorter. */
  readonly padded?: boolean;
  /** What it is until somebody sets it; what is not said is 0. */
  readonly initial?: Partial<Value<S>>;
  /** The setting of the interface that it takes its first value from; the layout then has one value. */
  readonly setting?: string;
}

/** One configuration parameter: name, place, data and rules, for the BMC and for who asks it. */
// oxlint-disable-next-line typescript/no-explicit-any -- the default stands for any parameter
export interface Parameter<V = any> {
  readonly table: ParameterTableName;
  readonly selector: number;
  readonly name: string;
  readonly layout: Layout<V>;
  readonly access: 'read-write' | 'read-only' | 'write-only';
  readonly secret: boolean;
  readonly sets: number | undefined;
  readonly firstSet: number;
  readonly blocks: number | undefined;
  readonly firstBlock: number;
  readonly volatileSet: boolean;
  readonly reserved: 'kept' | 'refused' | 'dropped';
  readonly padded: boolean;
  /** Selectors excluded. Not to be changed. */
  readonly initial: Uint8Array;
  readonly setting: string | undefined;
}

/** All parameters of a table. */
export interface ParameterSet {
  readonly table: ParameterTableName;
  /** Document and section, as in 'IPMI 2.0 §23.2'. */
  readonly spec: string;
  /** Each channel has them for itself. */
  readonly ofChannel: boolean;
  readonly all: readonly Parameter[];
  readonly bySelector: Readonly<Record<number, Parameter | undefined>>;
}

/** Declares parameters of one table: types, both codecs, rules and documentation follow from each literal. */
/* @__NO_SIDE_EFFECTS__ */
export const parametersOf =
  (table: ParameterTableName) =>
  <const S extends Shape>(literal: ParameterLiteral<S>): Parameter<Value<S>> => {
    const { selector, name, access = 'read-write', sets, firstSet = 0, blocks, firstBlock = 1 } = literal;
    const data = layout(`${table} parameter ${selector} (${name})`, literal.layout);
    if (data.max === Infinity) throw new RangeError(`bad parameter ${name}: its data have no end`);
    let initial: Uint8Array | undefined;
    return {
      table,
      selector,
      name,
      layout: data,
      access,
      secret: literal.secret ?? access === 'write-only',
      sets,
      firstSet,
      blocks,
      firstBlock,
      volatileSet: literal.volatileSet ?? false,
      reserved: literal.reserved ?? 'kept',
      padded: literal.padded ?? false,
      // Made when it is first read: loading a program codes nothing.
      get initial() {
        return (initial ??= initialOf(data, literal.initial));
      },
      setting: literal.setting,
    };
  };

function initialOf<T>(data: Layout<T>, initial: Partial<T> | undefined): Uint8Array {
  const bytes = new Uint8Array(data.max);
  bytes.set(data.encode({ ...data.decode(bytes), ...initial }));
  return bytes;
}

/** Throws RangeError for two parameters of one number. */
/* @__NO_SIDE_EFFECTS__ */
export function parameterSet(spec: string, declared: Readonly<Record<string, Parameter>>): ParameterSet {
  const all = Object.values(declared);
  const bySelector: Record<number, Parameter> = {};
  for (const parameter of all) {
    if (bySelector[parameter.selector])
      throw new RangeError(
        `two parameters have number ${parameter.selector}: ${bySelector[parameter.selector].name}, ${parameter.name}`,
      );
    bySelector[parameter.selector] = parameter;
  }
  const { table } = all[0];
  return {
    table,
    spec,
    ofChannel: table === 'LAN' || table === 'serial' || table === 'SOL',
    all,
    bySelector,
  };
}

/** How many selectors stand before a parameter's data. */
export const selectorsOf = ({ sets, blocks }: Parameter): number =>
  (sets === undefined ? 0 : 1) + (blocks === undefined ? 0 : 1);

/**
 * The parameter of a key under which a value is kept: its channel, where each has its own, its selector, set
 * and block.
 */
export const parameterOfKey = ({ ofChannel, bySelector }: ParameterSet, key: string): Parameter | undefined =>
  bySelector[Number(key.split('/')[ofChannel ? 1 : 0])];
