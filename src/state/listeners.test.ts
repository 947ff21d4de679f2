import { expect, test } from 'vitest';
import { parts } from '../assembly/parts.ts';
import { Bmc } from '../bmc.ts';
import type { IcmbPort } from '../services/bridging/icmb.ts';
import { simWorld } from '../world/index.ts';
import { Listeners } from './listeners.ts';

const noop = (): void => undefined;

/** Everything that a BMC is made of, and its `onX` methods by path. */
function listenable(
  root: object,
): { path: string; owner: object; listen: (listener: () => void) => unknown }[] {
  const found: { path: string; owner: object; listen: (listener: () => void) => unknown }[] = [];
  const seen = new Set<unknown>();
  const walk = (owner: object, path: string): void => {
    if (seen.size === seen.add(owner).size) return;
    for (
      let proto = owner;
      proto !== Object.prototype && proto !== null;
      proto = Object.getPrototypeOf(proto)
    )
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(proto)))
        if (/^on[A-Z]/.test(name) && typeof value === 'function')
          found.push({
            path: `${path}${name}`,
            owner,
            listen: (listener) => Reflect.apply(value, owner, [listener]),
          });
    for (const [name, value] of Object.entries(owner))
      if (typeof value === 'object' && value !== null && !Array.isArray(value) && path.split('.').length < 4)
        walk(value as object, `${path}${name}.`);
  };
  walk(root, '');
  return found;
}

function machine(): Bmc {
  const quiet = { debug: noop, info: noop, warn: noop, error: noop };
  return new Bmc(
    { interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }] },
    { world: simWorld(1), log: quiet },
  );
}

test('D9: every onX of whatever a BMC is made of returns its undoing', () => {
  const bmc = machine();
  for (const part of Object.keys(parts)) Reflect.get(bmc, part);
  const all = listenable(bmc);
  expect(all.length).toBeGreaterThan(18);
  expect(all.filter(({ listen }) => typeof listen(noop) !== 'function').map(({ path }) => path)).toEqual([]);
});

test('D9: who has undone his listening hears nothing any more', async () => {
  const bmc = machine();
  const heard: string[] = [];
  const undo = [
    bmc.chassis.onPower(({ action }) => heard.push(`power ${action}`)),
    bmc.chassis.onRestart(() => heard.push('restart')),
    bmc.chassis.onIntrusion((open) => heard.push(`intrusion ${open}`)),
    bmc.events.onLogged(({ sensorType }) => heard.push(`event ${sensorType}`)),
    bmc.sel.onClear(() => heard.push('clear')),
    bmc.frontPanel.onPress((button) => heard.push(`button ${button}`)),
  ];
  const doAll = async (): Promise<void> => {
    await bmc.chassis.control('off');
    await bmc.chassis.control('on');
    bmc.chassis.setIntrusion(true);
    bmc.chassis.setIntrusion(false);
    bmc.frontPanel.press('reset');
    await bmc.sel.clear();
  };
  await doAll();
  expect(new Set(heard.map((text) => text.split(' ')[0]))).toEqual(
    new Set(['power', 'restart', 'intrusion', 'event', 'clear', 'button']),
  );
  heard.length = 0;
  for (const stop of undo) stop();
  await doAll();
  expect(heard).toEqual([]);
});

test('D9: what there is one of is taken off by who put it there, and by nobody else', async () => {
  const bmc = machine();
  const event = {
    generator: 0x20,
    sensorType: 1,
    sensorNumber: 1,
    eventType: 1,
    deassertion: false,
    data: Uint8Array.of(1, 2, 3),
  };
  const count = bmc.sel.count;
  const unforward = bmc.events.forwardBy(() => true);
  await bmc.events.raise(event);
  expect(bmc.sel.count).toBe(count);
  unforward();
  await bmc.events.raise(event);
  expect(bmc.sel.count).toBe(count + 1);

  expect(bmc.sensors.powered).toBe(bmc.chassis.isOn);
  const unfollow = bmc.sensors.followPower({ isOn: !bmc.chassis.isOn });
  expect(bmc.sensors.powered).toBe(!bmc.chassis.isOn);
  unfollow();
  expect(bmc.sensors.powered).toBe(true);

  const port = (): IcmbPort => ({
    request: async () => Uint8Array.of(0),
    broadcast: async () => [],
    move: noop,
    represent: noop,
  });
  const [first, second] = [port(), port()];
  const unplug = bmc.icmb.connect(first);
  bmc.icmb.connect(second);
  unplug();
  expect(bmc.icmb.port).toBe(second);
});

test('D9: a listener that leaves while it is told leaves the others alone', () => {
  const listeners = new Listeners<[number]>();
  const heard: string[] = [];
  const leave = listeners.add((value) => {
    heard.push(`first ${value}`);
    leave();
  });
  listeners.add((value) => void heard.push(`second ${value}`));
  listeners.tell(1);
  listeners.tell(2);
  expect(heard).toEqual(['first 1', 'second 1', 'second 2']);
});
