// PET traps of a running BMC, as real programs understand them: tshark reads the SNMP, ipmi-pet the event,
// and acknowledges it.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startBmc } from './support/cli.ts';
import { lan20, runTool, toolTest } from './support/tools.ts';

const SNMP_TRAP = 162;
/** Link type of packets that begin with their IP header. */
const RAW_IP = 101;

/** A capture of one datagram from 127.0.0.1 to port 162. */
function pcap(datagram: Uint8Array): Uint8Array {
  const udp = 8 + datagram.length;
  const packet = new DataView(new ArrayBuffer(20 + udp));
  packet.setUint16(0, 0x4500);
  packet.setUint16(2, packet.byteLength);
  packet.setUint16(8, 0x4011);
  packet.setUint32(12, 0x7f000001);
  packet.setUint32(16, 0x7f000001);
  packet.setUint16(20, 623);
  packet.setUint16(22, SNMP_TRAP);
  packet.setUint16(24, udp);
  const head = new DataView(new ArrayBuffer(40));
  for (const [at, value] of [
    0xa1b2c3d4,
    0x00040002,
    0,
    0,
    65_535,
    RAW_IP,
    0,
    0,
    packet.byteLength,
    packet.byteLength,
  ].entries())
    head.setUint32(at * 4, value, true);
  return Uint8Array.of(
    ...new Uint8Array(head.buffer),
    ...new Uint8Array(packet.buffer).subarray(0, 28),
    ...datagram,
  );
}

toolTest(
  'a trap for a hot sensor: tshark reads it, ipmi-pet interprets it, and its acknowledgement ends the repetition',
  ['tshark', 'ipmi-pet', 'ipmitool'],
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-pef-'));
    const receiver = createSocket('udp4');
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const settings = {
      name: 'pef',
      identity: {
        manufacturerId: 10_876,
        productId: 0x0102,
        systemGuid: '00112233-4455-6677-8899-aabbccddeeff',
      },
      interfaces: [{ type: 'lan', listen: '127.0.0.1:0', address: '127.0.0.1', community: 'machines' }],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123' }],
      sel: { bootEvents: false },
      sensors: [
        {
          name: 'CPU Temp',
          number: 7,
          entity: '3.1',
          type: 'temperature',
          unit: 'degrees C',
          value: { push: true, first: 40 },
          thresholds: { uc: 90 },
        },
      ],
      pef: {
        trapPort: receiver.address().port,
        destinations: [{ address: '127.0.0.1', acknowledged: true, timeout: 1, retries: 7 }],
        strings: ['hall 3, rack 7'],
        policies: [{ destination: 1, string: 1 }],
      },
    };
    const file = join(directory, 'bmc.yaml');
    // YAML is a superset of JSON.
    writeFileSync(file, JSON.stringify(settings));
    const bmc = await startBmc(file);
    try {
      const first = once(receiver, 'message') as Promise<[Buffer]>;
      // Set Sensor Reading And Event Status: 95 degrees.
      expect((await bmc.ipmitool('raw 4 0x30 7 1 95')).code).toBe(0);
      const [datagram] = await first;
      writeFileSync(join(directory, 'trap.pcap'), pcap(datagram));
      const fields = [
        'snmp.version',
        'snmp.community',
        'snmp.enterprise',
        'snmp.agent_addr',
        'snmp.generic_trap',
        'snmp.specific_trap',
        'snmp.name',
      ];
      const decoded = await runTool('tshark', [
        '-r',
        join(directory, 'trap.pcap'),
        '-T',
        'fields',
        ...fields.flatMap((field) => ['-e', field]),
      ]);
      expect(
        decoded.out
          .split('\n')
          .find((line) => line.includes('machines'))
          ?.split('\t'),
      ).toEqual([
        '0',
        'machines',
        '1.3.6.1.4.1.3183.1.1',
        '127.0.0.1',
        '6',
        // Sensor type 01h, event type 01h, offset 9: upper critical, going high.
        String(0x010109),
        '1.3.6.1.4.1.3183.1.1.1',
      ]);
      const binding = datagram.subarray(
        datagram.indexOf(Buffer.from('00112233445566778899aabbccddeeff', 'hex')),
      );
      const flags = [...lan20(bmc.port), `--sdr-cache-directory=${directory}`];
      const bytes = Array.from(binding, (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
      const told = await runTool('ipmi-pet', [...flags, '--quiet-cache', '-vv', String(0x010109), ...bytes]);
      expect(told.out).toMatch(
        /CPU Temp \| Temperature.*Critical condition.*Upper Critical - going high.*Sensor Reading = 95\.00 C.*Threshold = 90\.00 C/,
      );
      expect(told.out).toContain('00112233-4455-6677-8899-aabbccddeeff');
      expect(datagram.toString('latin1')).toContain('hall 3, rack 7');
      await once(receiver, 'message');
      const acknowledged = await runTool('ipmi-pet', [
        '-h',
        `127.0.0.1:${bmc.port}`,
        '--pet-acknowledge',
        String(0x010109),
        ...bytes,
      ]);
      expect(acknowledged.code, acknowledged.out).toBe(0);
      let more = 0;
      receiver.on('message', () => more++);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      expect(more).toBe(0);
    } finally {
      await bmc.stop();
      receiver.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
