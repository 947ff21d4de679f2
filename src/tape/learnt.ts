import type { Names } from '../capture/index.ts';
import type { Message } from '../joint/message.ts';
import { spokenName } from '../commands/command.ts';
import { commandOf, requestValues, type Values } from './names.ts';
import { idSpace, isFixedId, isLearnt, natureOf, type Nature } from './nature.ts';

/**
 * What the BMC that is asked calls what the recorded one called otherwise: reservations, records, sessions.
 * What an answer says for the first time, later requests say in its words.
 */
export class Learnt {
  /** By space, then by the recorded number. */
  readonly #spaces = new Map<string, Map<number, number>>();

  /** False: it is known by another number already. A reservation is renewed each time. */
  learn(command: string, nature: Nature, recorded: number, live: number): boolean {
    if (isFixedId(nature, recorded) || isFixedId(nature, live)) return recorded === live;
    const name = idSpace(command, nature);
    const space = this.#spaces.get(name) ?? new Map<number, number>();
    this.#spaces.set(name, space);
    const known = space.get(recorded);
    if (nature === 'record' && known !== undefined) return known === live;
    space.set(recorded, live);
    return true;
  }

  live(command: string, nature: Nature, recorded: number): number {
    if (isFixedId(nature, recorded)) return recorded;
    return this.#spaces.get(idSpace(command, nature))?.get(recorded) ?? recorded;
  }

  /**
   * The request in the words of the BMC that is asked. `later`: seconds from the recording to now, which
   * clocks that are set go on by.
   */
  request(names: Names, message: Message, later: number): Message {
    const found = commandOf(names, message);
    const values = requestValues(names, message);
    if (found === undefined || values === undefined) return message;
    const { command, start } = found;
    const changed = this.#changed(spokenName(command.name), values, later);
    if (changed === undefined) return message;
    const same = command.request.encode(values, start);
    // Bits that nobody declared would be lost.
    const isWhole =
      same.length === message.data.length && same.every((b, i) => i < start || b === message.data[i]);
    if (!isWhole) return message;
    const data: Uint8Array = command.request.encode(changed, start);
    data.set(message.data.subarray(0, start));
    return { ...message, data };
  }

  #changed(command: string, values: Values, later: number): Values | undefined {
    let changed: Record<string, unknown> | undefined;
    for (const [field, value] of Object.entries(values)) {
      const nature = natureOf(command, field);
      if (typeof value !== 'number' || nature === undefined) continue;
      const now = isLearnt(nature) ? this.live(command, nature, value) : moved(nature, value, later);
      if (now !== value) changed = { ...(changed ?? values), [field]: now };
    }
    return changed;
  }
}

/** Times up to this are seconds since a start, no dates (IPMI 2.0 §37.1). */
const LAST_RELATIVE = 0x2000_0000;
const UNSPECIFIED = 0xffff_ffff;

const moved = (nature: Nature, time: number, later: number): number =>
  nature === 'clock' && time > LAST_RELATIVE && time < UNSPECIFIED - later ? time + later : time;
