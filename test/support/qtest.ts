import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostBus } from '../../src/wire/host/index.ts';
import { stopped } from './cli.ts';

/** QEMU without a guest, its ports worked from outside through the qtest protocol. */
export interface Qtest {
  /** Registers from an I/O port on. */
  bus(base: number, patience?: number): HostBus;
  /** Interrupts raised so far, by line. */
  readonly raised: readonly number[];
  close(): Promise<void>;
}

/** Starts QEMU with these devices. `reconnect=1` is a must in their chardevs: QEMU 7.2 crashes without. */
export async function startQtest(directory: string, devices: string): Promise<Qtest> {
  const path = `${directory}/qtest.sock`;
  const child = spawn(
    'qemu-system-x86_64',
    // The processor never runs: qtest alone moves the machine.
    `-machine pc -nodefaults -display none -accel tcg -S -qtest-log none -qtest unix:${path},server=on,wait=off ${devices}`.split(
      ' ',
    ),
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  for (let i = 0; i < 500 && !existsSync(path); i++) await sleep(10);
  const socket = await new Promise<Socket>((resolve, reject) => {
    const one = connect(path, () => resolve(one));
    one.once('error', reject);
  });
  const waiting: ((line: string) => void)[] = [];
  const raised: number[] = [];
  let rest = '';
  socket.on('data', (data) => {
    const lines = (rest + data.toString('latin1')).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const irq = /^IRQ (raise|lower) (\d+)/.exec(line);
      if (irq?.[1] === 'raise') raised.push(Number(irq[2]));
      if (!irq) waiting.shift()?.(line);
    }
  });
  const say = (command: string): Promise<string> =>
    new Promise((resolve, reject) => {
      waiting.push((line) =>
        line.startsWith('OK') ? resolve(line.slice(3)) : reject(new Error(`qtest: ${command}: ${line}`)),
      );
      socket.write(`${command}\n`);
    });
  await say('irq_intercept_in ioapic');
  return {
    raised,
    bus(base, patience = 5000) {
      const until = performance.now() + patience;
      return {
        read: async (at) => Number(await say(`inb 0x${(base + at).toString(16)}`)),
        write: async (at, value) =>
          void (await say(`outb 0x${(base + at).toString(16)} 0x${value.toString(16)}`)),
        pause: async () => {
          if (performance.now() > until)
            throw new Error(`port ${base.toString(16)}h: nothing more in ${patience} ms`);
          await sleep(1);
        },
      };
    },
    async close() {
      socket.destroy();
      await stopped(child);
    },
  };
}
