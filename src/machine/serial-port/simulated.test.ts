import { expect, test } from 'vitest';
import { simWorld } from '../../world/index.ts';
import { Console } from './console.ts';
import { SimulatedConsole } from './simulated.ts';

test('L: a console that is taken away does not hear of the machine any more, and is not heard', () => {
  const { clock } = simWorld(1);
  const console = new Console();
  const chassis = { isOn: true };
  const told: number[] = [];
  for (let n = 0; n < 5; n++)
    console.plug((port) => {
      const source = new SimulatedConsole(port, { clock, chassis, host: 'node' });
      const powerWent = source.powerWent.bind(source);
      source.powerWent = (change) => {
        told.push(n);
        powerWent(change);
      };
      return source;
    });
  console.powerWent({ on: true, starts: false });
  expect(told).toEqual([4]);
  expect(console.available).toBe(true);
});
