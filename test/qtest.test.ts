// QEMU's own models of the KCS and BT registers, worked by our host-side drivers through qtest: no guest, no
// kernel. The BMC behind them is reached over the VM protocol.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { Bmc } from '../src/bmc.ts';
import { loopback } from '../src/client/index.ts';
import { Context, handleRaw } from '../src/router/index.ts';
import { BtDriver, KcsDriver, KcsRegister, KcsCode } from '../src/wire/host/index.ts';
import { HOST } from './support/bmc.ts';
import { startQtest } from './support/qtest.ts';
import { toolTest } from './support/tools.ts';
import { toHex } from './support/vectors.ts';

const KCS = 0xca2;
const BT = 0xe4;
const IRQ = 5;

toolTest(
  'R46: QEMU’s KCS and BT registers without a guest: transfers, escapes, refusals, aborts, lengths, interrupts',
  ['qemu-system-x86_64'],
  async () => {
    const directory = mkdtempSync(`${tmpdir()}/qtest-`);
    const bmcs = await Promise.all(
      (['kcs', 'bt'] as const).map(async (kind) => {
        const bmc = new Bmc({
          name: kind,
          interfaces: [{ type: 'vm', interface: kind, listen: `${directory}/${kind}.sock` }],
        });
        bmc.router.register({
          owner: 'echo',
          handlers: [handleRaw({ netFn: 0x30, cmd: 1 }, ({ data }) => Uint8Array.of(0, ...data))],
        });
        bmc.router.register({
          owner: 'fill',
          handlers: [handleRaw({ netFn: 0x30, cmd: 2 }, ({ data }) => new Uint8Array(data[0]).fill(0xa0, 1))],
        });
        await bmc.open();
        return bmc;
      }),
    );
    const bmcBehind = (kind: string): string =>
      `-chardev socket,id=c-${kind},path=${directory}/${kind}.sock,reconnect=1 -device ipmi-bmc-extern,id=${kind},chardev=c-${kind}`;
    const qemu = await startQtest(
      directory,
      `${bmcBehind('kcs')} -device isa-ipmi-kcs,bmc=kcs,irq=${IRQ} ${bmcBehind('bt')} -device isa-ipmi-bt,bmc=bt,irq=${IRQ + 1}`,
    );
    try {
      const kcs = new KcsDriver(qemu.bus(KCS, 20_000));
      const bt = new BtDriver(qemu.bus(BT, 20_000));
      const viaKcs = async (netFn: number, cmd: number, ...data: number[]): Promise<string> =>
        toHex((await kcs.request(Uint8Array.of(netFn << 2, cmd, ...data))).subarray(2));
      const viaBt = async (netFn: number, cmd: number, ...data: number[]): Promise<string> =>
        toHex((await bt.request({ netFn, lun: 0, cmd, data: Uint8Array.from(data) })).data);
      // The monitor may still be on its way to us: it answers D2h until then.
      for (const ask of [viaKcs, viaBt])
        for (let i = 0; i < 200 && (await ask(6, 1)) === 'd2'; i++) await sleep(10);

      const host = loopback(bmcs[0].router.dispatch, new Context(bmcs[0], HOST, 4));
      for (const ask of [viaKcs, viaBt]) {
        expect(await ask(6, 1)).toBe(toHex(await host.raw(6, 1)));
        // Bytes that the VM protocol escapes, in both directions.
        expect(await ask(0x30, 1, 0xa0, 0xa1, 0xaa, 0xb0, 0xb1, 0xba, 0x00, 0xff)).toBe(
          '00 a0 a1 aa b0 b1 ba 00 ff',
        );
        expect(await ask(0x30, 0x77)).toBe('c1');
        expect(await ask(6, 0x3b)).toBe('c7');
      }

      // As long as they carry: 247 bytes of request data, answers of 256 (KCS) and 252 bytes (BT).
      const long = Array.from({ length: 247 }, (_, i) => i);
      for (const ask of [viaKcs, viaBt])
        expect(await ask(0x30, 1, ...long)).toBe(toHex(Uint8Array.of(0, ...long)));
      expect((await viaKcs(0x30, 2, 255)).split(' ')).toHaveLength(255);
      expect((await viaBt(0x30, 2, 252)).split(' ')).toHaveLength(252);
      expect(await viaBt(0x30, 2, 253)).toBe('ca');

      // Broken off in the middle of a request, and of a response; then as if nothing had been.
      const bus = qemu.bus(KCS);
      await bus.write(KcsRegister.Control, KcsCode.WriteStart);
      await bus.write(KcsRegister.Data, 0x18);
      expect(await viaKcs(0x30, 1, 5)).toBe('00 05');
      await kcs.write(Uint8Array.of(0x18, 1));
      expect(await viaKcs(0x30, 1, 6)).toBe('00 06');
      await bt.write(Uint8Array.of(3, 0x18, 0x55, 1));
      expect(await viaBt(0x30, 1, 7)).toBe('00 07');

      // Interrupts are ours to switch on.
      expect(qemu.raised).not.toContain(IRQ);
      await viaKcs(6, 0x2e, 0x09);
      await viaKcs(6, 1);
      expect(qemu.raised).toContain(IRQ);
    } finally {
      await qemu.close();
      for (const bmc of bmcs) await bmc.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
