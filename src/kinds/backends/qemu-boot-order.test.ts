import { expect, test } from 'vitest';
import { QemuBootOrder } from './qemu-boot-order.ts';

interface Device {
  readonly type: string;
  readonly has: readonly string[];
  bootindex: number;
}

/** Devices of a QEMU by their path, and a monitor that refuses what QEMU's does. */
function machine(devices: Record<string, Device>) {
  let refuses = false;
  const execute = (command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const path = String(parameters?.path);
    const device = devices[path] as Device | undefined;
    if (command === 'qom-get') return Promise.resolve(device?.bootindex);
    if (path.endsWith('/type')) return Promise.reject(new Error(`Device '${path}' not found`));
    if (command === 'qom-list') {
      const children = Object.entries(devices).filter(([at]) => at.startsWith(`${path}/`));
      return Promise.resolve([
        { name: 'type', type: 'string' },
        ...children.map(([at, { type }]) => ({ name: at.slice(path.length + 1), type: `child<${type}>` })),
        ...(device?.has ?? []).map((name) => ({ name, type: 'x' })),
      ]);
    }
    const index = Number(parameters?.value);
    const taken = Object.values(devices).some((other) => index >= 0 && other.bootindex === index);
    if (taken || refuses) return Promise.reject(new Error(`The bootindex ${index} has already been used`));
    device!.bootindex = index;
    return Promise.resolve({});
  };
  const places = (): number[] => Object.values(devices).map(({ bootindex }) => bootindex);
  return { order: new QemuBootOrder(execute), places, refuse: () => void (refuses = true) };
}

const disk = (bootindex: number): Device => ({ type: 'scsi-hd', has: ['drive', 'bootindex'], bootindex });
const cd: Device = { type: 'ide-cd', has: ['drive', 'bootindex'], bootindex: 3 };
const nic = (bootindex: number): Device => ({ type: 'e1000', has: ['mac', 'bootindex'], bootindex });
const usual = () =>
  machine({
    '/machine/peripheral/a': disk(5),
    '/machine/peripheral/b': disk(0),
    '/machine/peripheral-anon/device[0]': { ...cd },
    '/machine/peripheral-anon/device[1]': nic(-1),
    '/machine/peripheral-anon/device[2]': { type: 'virtio-rng-pci', has: ['rng'], bootindex: -1 },
  });

test.each([
  ['pxe', [3, 1, 2, 0, -1]],
  ['disk', [1, 0, 2, -1, -1]],
  ['safe', [1, 0, 2, -1, -1]],
  ['cdrom', [2, 1, 0, -1, -1]],
] as const)('%s is first, the others are behind it as they were', async (device, places) => {
  const bench = usual();
  expect(await bench.order.put(device)).toBe(true);
  expect([bench.places(), bench.order.isChanged]).toEqual([places, true]);
  expect(await bench.order.put('none')).toBe(false);
  expect([bench.places(), bench.order.isChanged]).toEqual([[5, 0, 3, -1, -1], false]);
});

test('one after the other, and what the machine does not have', async () => {
  const bench = usual();
  await bench.order.put('pxe');
  await bench.order.put('cdrom');
  expect(bench.places()).toEqual([2, 1, 0, -1, -1]);
  expect(await bench.order.put('floppy')).toBe(false);
  expect(bench.places()).toEqual([5, 0, 3, -1, -1]);
  const none = machine({});
  expect([await none.order.put('pxe'), none.order.isChanged]).toEqual([false, false]);
});

test('what QEMU refuses is told, and what is as it was is not changed', async () => {
  const bench = usual();
  bench.refuse();
  await expect(bench.order.put('pxe')).rejects.toThrow('already been used');
  expect(bench.order.isChanged).toBe(false);
});
