import type { Bmc } from '../bmc.ts';
import { eventName, eventOffset } from '../commands/codes/events.ts';
import { sensorTypes } from '../commands/codes/sensor-types.ts';
import { readSelRecord, type SelRecord } from '../records/sel.ts';
import { ExpectationError, withinText, type TestTime, type Waiting } from './expectation.ts';

/** What an entry of the event log is to be; what is not said may be anything. */
export interface SelExpectation {
  /** By name (`CPU1 Temp`, `Temp@3.1`, `#14`). */
  readonly sensor?: string;
  /** Sensor type, by the specification's name or as a number. */
  readonly type?: string | number;
  /** The specification's words (`upper critical going high`, `uc`), or an offset, 0..15. */
  readonly event?: string | number;
  /** False: the event went away. */
  readonly asserted?: boolean;
}

/** An entry of the event log, in words where the specification has some. */
export interface SelEntry {
  readonly id: number;
  readonly record: SelRecord;
  /** Name of the sensor; undefined where this BMC has none of its number. */
  readonly sensor: string | undefined;
  readonly type: string | undefined;
  readonly event: string | undefined;
  readonly asserted: boolean;
  /** One line. */
  readonly text: string;
}

/** The event log of a test's BMC. */
export class TestSel {
  readonly #bmc: Bmc;
  readonly #waiting: Waiting;
  readonly #failed: (message: string) => string;

  /** `failed`: a message with what else passed. */
  constructor(bmc: Bmc, waiting: Waiting, failed: (message: string) => string) {
    this.#bmc = bmc;
    this.#waiting = waiting;
    this.#failed = failed;
  }

  get count(): number {
    return this.#bmc.sel.count;
  }

  /** Oldest first. */
  get entries(): readonly SelEntry[] {
    const { sel } = this.#bmc;
    return sel.ids.map((id) => this.#entry(id, sel.get(id).record));
  }

  /** Takes all entries away. */
  async clear(): Promise<void> {
    await this.#bmc.sel.clear();
  }

  /**
   * The oldest entry of this kind, as soon as there is one. Rejects with ExpectationError where there is none
   * `within` that time (default 5 s), and with RangeError for words that name no event.
   */
  async expect(wanted: SelExpectation, { within }: { readonly within?: TestTime } = {}): Promise<SelEntry> {
    const found = await this.#waiting.until(() => this.find(wanted), within);
    if (found !== undefined) return found;
    throw new ExpectationError(
      this.#failed(
        `expected ${JSON.stringify(wanted)} in the SEL within ${withinText(within)}, and it is not there\n${this.report}`,
      ),
    );
  }

  /** The oldest entry of this kind. Throws RangeError for words that name no event. */
  find(wanted: SelExpectation): SelEntry | undefined {
    const { sensors } = this.#bmc;
    if (wanted.sensor !== undefined) sensors.get(wanted.sensor);
    return this.entries.find((entry) => this.#fits(wanted, entry));
  }

  get report(): string {
    const entries = this.entries.map(({ text }) => `  ${text}`);
    return ['the SEL:', ...(entries.length > 0 ? entries : ['  empty'])].join('\n');
  }

  #entry(id: number, bytes: Uint8Array): SelEntry {
    const record = readSelRecord(bytes);
    if (record.kind !== 'event') {
      const text = `${id}  ${record.kind} record`;
      return { id, record, sensor: undefined, type: undefined, event: undefined, asserted: true, text };
    }
    const { sensors } = this.#bmc;
    const { sensorNumber, sensorType, eventType, generatorLun, deassertion, data } = record;
    const found = sensors.find(sensorNumber, generatorLun);
    const sensor = found && found.declaration.type === sensorType ? sensors.nameOf(found) : undefined;
    const [type] = Object.entries(sensorTypes).find(([, code]) => code === sensorType) ?? [];
    const offset = data[0] & 0x0f;
    const event = eventName(offset, sensorType, eventType);
    const happened = `${sensor ?? type ?? `sensor type ${sensorType}`}  ${event ?? `event ${offset}`}`;
    const text = `${id}  ${happened}${deassertion ? ' (deasserted)' : ''}`;
    return { id, record, sensor, type, event, asserted: !deassertion, text };
  }

  #fits({ sensor, type, event, asserted }: SelExpectation, { record, ...entry }: SelEntry): boolean {
    if (record.kind !== 'event') return false;
    if (sensor !== undefined && !this.#isOf(sensor, record)) return false;
    if (type !== undefined && record.sensorType !== typeOf(type)) return false;
    if (asserted !== undefined && entry.asserted !== asserted) return false;
    if (event === undefined) return true;
    const offset =
      typeof event === 'number' ? event : eventOffset(event, record.sensorType, record.eventType);
    return offset === (record.data[0] & 0x0f);
  }

  #isOf(name: string, record: SelRecord & { readonly kind: 'event' }): boolean {
    const { declaration } = this.#bmc.sensors.get(name);
    return declaration.number === record.sensorNumber && (declaration.lun ?? 0) === record.generatorLun;
  }
}

function typeOf(type: string | number): number {
  const code = typeof type === 'number' ? type : sensorTypes[type.toLowerCase()];
  if (code === undefined) throw new RangeError(`there is no sensor type '${type}'`);
  return code;
}
