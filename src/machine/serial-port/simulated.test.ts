import { expect, test } from 'vitest';
import { simWorld } from '../../world/index.ts';
import { SimulatedConsole } from './simulated.ts';

test('L: a console that is taken away does not listen to the machine any more', async () => {
  const { clock } = simWorld(1);
  let listeners = 0;
  const chassis = { isOn: true, onPower: () => (listeners++, () => void listeners--) };
  const port = {
    available: () => undefined,
    received: () => undefined,
    breakDetected: () => undefined,
    drained: () => undefined,
  };
  for (let n = 0; n < 5; n++) {
    const one = new SimulatedConsole(port, { clock, chassis, host: 'node' });
    await one.close();
  }
  expect(listeners).toBe(0);
});
