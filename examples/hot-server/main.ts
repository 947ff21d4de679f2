// A fan stops and a processor gets hot, in a simulated world: two minutes of events, log entries, traps and
// status pass in no time.
import { Bmc } from 'ipmi-bmc';
import { simWorld } from 'ipmi-bmc/world';

const world = simWorld(1);
const bmc = new Bmc(
  {
    interfaces: [{ type: 'lan', listen: '192.0.2.10:623', address: '192.0.2.10' }],
    sel: { bootEvents: false },
    sensors: [
      {
        name: 'Fan 1',
        number: 1,
        entity: '29.1',
        type: 'fan',
        unit: 'RPM',
        range: [0, 25_500],
        value: { formula: 'ramp(6000, 0, 30)' },
        thresholds: { lc: 1200 },
      },
      {
        name: 'CPU Temp',
        number: 2,
        entity: '3.1',
        type: 'temperature',
        unit: 'degrees C',
        range: [0, 127],
        value: { formula: '45 + ramp(0, 60, 90)' },
        thresholds: { unc: 80, uc: 90, unr: 100 },
      },
    ],
    pef: {
      destinations: [{ address: '192.0.2.99' }],
      filters: [{ actions: ['power-off'], sensorType: 'temperature', eventType: 0x01, offsets: [11] }],
    },
  },
  { world },
);
const say = (what: string): void =>
  console.log(`${String(Math.round(world.clock.monotonic() / 1000)).padStart(3)} s  ${what}`);

bmc.events.onLogged(({ sensorNumber, data }, id) =>
  say(`SEL ${id}: sensor ${sensorNumber}, event ${data[0] & 0xf}`),
);
bmc.chassis.onPower(({ on }) => say(`power ${on ? 'on' : 'off'}`));
await world.until(bmc.open());
const receiver = await world.udp.bind({ host: '192.0.2.99', port: 162 });
receiver.onDatagram = (trap, from) => say(`trap from ${from.host}, ${trap.length} bytes`);
await world.run(120_000);
say(`cooling fault: ${bmc.chassis.faults.coolingFault}`);
await bmc.close();
