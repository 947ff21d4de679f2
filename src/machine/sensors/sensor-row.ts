import { CC, IpmiError } from '../../codec/index.ts';
import type { Durable } from '../../state/store.ts';
import type { AnalogDeclaration, SensorDeclaration, StoredSensor } from './sensor-declaration.ts';
import type { SensorKind } from './sensor-kind.ts';
import type { SensorTable } from './sensor-table.ts';

/** A view of the row that a sensor has in the table of its BMC: it holds nothing itself. */
export class SensorRow {
  readonly kind: SensorKind;
  /** In the order of the BMC's sensors, from 0. */
  readonly place: number;
  protected readonly table: SensorTable;

  constructor(table: SensorTable, place: number) {
    this.kind = table.kinds.all[place];
    this.place = place;
    this.table = table;
  }

  get declaration(): SensorDeclaration {
    return this.kind.declaration;
  }

  get isThreshold(): boolean {
    return this.kind.isThreshold;
  }

  /** Throws CDh for a sensor without an analog reading. */
  requireAnalog(): AnalogDeclaration {
    const { analog } = this.declaration;
    if (!analog) throw new IpmiError(CC.IllegalForSensor, `${this.declaration.name} has no analog reading`);
    return analog;
  }

  /** What it reads instead of its source's value. */
  protected get override(): number | null | undefined {
    const fault = this.table.fault(this.place);
    return fault === undefined ? this.table.override(this.place) : fault;
  }

  protected setOverride(value: number | null | undefined): void {
    this.table.setOverride(this.place, value);
  }

  protected getField(field: number): number {
    return this.table.get(this.place, field);
  }

  protected putField(field: number, value: number): void {
    this.table.put(this.place, field, value);
  }

  protected get stored(): StoredSensor {
    return this.table.stored(this.kind.key);
  }

  protected change(change: StoredSensor): Durable {
    const done = this.table.store.set(this.kind.key, { ...this.stored, ...change });
    this.table.reconsider(this.place);
    return done;
  }
}
