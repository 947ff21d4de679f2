import { sourceOf, type Peer } from './half-open.ts';

/**
 * Milliseconds in which a source has one line of log-ins refused for one reason, and all sources together
 * have so many.
 */
const INTERVAL = 1000;
const LINES = 20;
/** Sources with a reason whose last line is remembered; the oldest make way. */
const REMEMBERED = 256;

interface Refused {
  readonly peer: Peer;
  readonly problem: string;
}

/**
 * Which refused log-ins have a line: one a second for each source and reason, so that a guesser fills no disk
 * and hides nothing of another kind.
 */
export class RefusedLines {
  /** By source and reason: when its last line was, and what came since without one. */
  readonly #sources = new Map<string, { at: number; unsaid: number }>();
  #second = 0;
  #lines = 0;

  /** How many such had no line since the last that had; undefined: this has none either. */
  lineFor({ peer, problem }: Refused, now: number): number | undefined {
    const sources = this.#sources;
    const source = `${sourceOf(peer.address)} ${problem}`;
    const known = sources.get(source);
    if (now - this.#second >= INTERVAL) {
      this.#second = now;
      this.#lines = 0;
    }
    if (this.#lines >= LINES || (known && now - known.at < INTERVAL)) {
      if (known) known.unsaid++;
      return undefined;
    }
    this.#lines++;
    sources.delete(source);
    sources.set(source, { at: now, unsaid: 0 });
    if (sources.size > REMEMBERED) {
      const [oldest] = sources.keys();
      sources.delete(oldest);
    }
    return known?.unsaid ?? 0;
  }
}
