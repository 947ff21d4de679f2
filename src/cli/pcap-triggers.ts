import type { Bmc } from '../bmc.ts';
import { CC } from '../codec/index.ts';
import { nearest } from '../config/wording.ts';
import { CliError } from './errors.ts';

/** What going wrong is. */
export interface Triggers {
  /** A log-in was refused, or its console did not go on. */
  readonly refused: boolean;
  /** A datagram got no answer. */
  readonly dropped: boolean;
  /** A request had no answer at its deadline. */
  readonly late: boolean;
  /** A fault rule did something. */
  readonly fault: boolean;
  readonly codes: ReadonlySet<number>;
}

const WORDS = ['refused', 'dropped', 'late', 'fault'] as const;

/**
 * `refused,ffh,0xc3`.
 *
 * @throws CliError for a word that is none of it.
 */
export function triggersOf(text: string): Triggers {
  const words = text.split(',').map((word) => word.trim().toLowerCase());
  const codes = new Set<number>();
  for (const word of words) {
    if ((WORDS as readonly string[]).includes(word)) continue;
    const [, digits] = /^0x([\da-f]{1,2})$/.exec(word) ?? /^([\da-f]{1,2})h$/.exec(word) ?? [];
    if (digits === undefined || parseInt(digits, 16) === 0) {
      const near = nearest(word, WORDS);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      const known = `${WORDS.join(', ')}, nor a completion code such as ffh`;
      throw new CliError(`--pcap-on: '${word}' is none of ${known}${hint}`);
    }
    codes.add(parseInt(digits, 16));
  }
  const has = (word: (typeof WORDS)[number]): boolean => words.includes(word);
  return { refused: has('refused'), dropped: has('dropped'), late: has('late'), fault: has('fault'), codes };
}

/** Calls back at each thing that goes wrong at a BMC, for as long as it lives. */
export function onTrouble(
  bmc: Pick<Bmc, 'taps' | 'logIns'>,
  { refused, dropped, late, fault, codes }: Triggers,
  tell: () => void,
): void {
  if (refused) bmc.logIns.onRefused(tell);
  const isWaitedFor = late || codes.has(CC.Timeout);
  bmc.taps.add({
    // The answer at a deadline is no handler's, and one that comes later may never come.
    message: isWaitedFor ? ({ context }) => void context.onExpire(tell) : undefined,
    answer:
      late || codes.size > 0
        ? ({ context }, [cc]) => {
            if ((late && context.expired) || codes.has(cc)) tell();
          }
        : undefined,
    dropped: dropped ? tell : undefined,
    fault: fault ? tell : undefined,
  });
}
