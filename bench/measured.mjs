// One BMC with 100 sensors, 1,000 SEL entries and 3 FRU devices, and the same with one of these alone. Its
// sensors and FRU devices are those of all others, as those of an entry with `count` are.
import { Bmc, Templates } from '../dist/bmc.js';
import { simWorld } from '../dist/world/index.js';

const SENSORS = 100;
export const ENTRIES = 1000;
const FRUS = 3;
const world = simWorld(1);
const templates = new Templates();

export const sensors = () =>
  Array.from({ length: SENSORS }, (_, i) => ({
    name: `Sensor ${i}`,
    entity: `7.${i + 1}`,
    type: 'temperature',
    unit: 'degrees C',
    range: [0, 127],
    value: { base: 40, swing: 5, period: 300 },
    thresholds: { lc: 0, lnc: 5, unc: 80, uc: 90 },
    hysteresis: 2,
  }));
export const fru = () =>
  Array.from({ length: FRUS }, (_, id) => ({
    id,
    name: `FRU ${id}`,
    size: 1024,
    product: { manufacturer: 'm', name: 'n', serial: `${id}` },
  }));
export const entry = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0);
const parts = { sensors: sensors(), fru: fru() };

function make(n, given) {
  const bmc = new Bmc(
    { name: `node-${n}`, interfaces: [{ type: 'lan' }], sel: { bootEvents: false }, ...given },
    { world, templates },
  );
  return bmc;
}
function filled(bmc) {
  for (let i = 0; i < ENTRIES; i++) bmc.sel.add(entry);
  return bmc;
}

export const measured = {
  'no-parts': (n) => make(n, {}),
  sensors: (n) => make(n, { sensors: parts.sensors }),
  sel: (n) => filled(make(n, {})),
  fru: (n) => make(n, { fru: parts.fru }),
  whole: (n) => filled(make(n, parts)),
};
