import type { BmcOptions, SensorOptions } from './options.ts';

/** Entity ids of IPMI 2.0 §43.14. */
const Entity = {
  Processor: 3,
  Drive: 4,
  SystemBoard: 7,
  PowerSupply: 10,
  Chassis: 23,
  Fan: 29,
  Memory: 32,
  Inlet: 55,
} as const;

const temperature = (
  name: string,
  entity: number,
  instance: number,
  base: number,
  swing: number,
  unc: number,
): SensorOptions => ({
  name,
  entity: `${entity}.${instance}`,
  type: 'temperature',
  unit: 'degrees C',
  range: [0, 127],
  value: { base, swing, period: 240 + 17 * instance, noise: 0.6 },
  nominal: base,
  thresholds: { lnc: 5, lc: 0, unc, uc: unc + 8, unr: unc + 15 },
  hysteresis: 2,
  needsPower: entity === Entity.Processor || entity === Entity.Memory || entity === Entity.SystemBoard,
});

const voltage = (name: string, base: number, instance: number): SensorOptions => ({
  name,
  entity: `${Entity.SystemBoard}.${instance}`,
  type: 'voltage',
  unit: 'Volts',
  range: [0, base * 1.3],
  value: { base, swing: base * 0.006, period: 90, noise: base * 0.002 },
  nominal: base,
  thresholds: { lc: base * 0.9, lnc: base * 0.93, unc: base * 1.07, uc: base * 1.1 },
  needsPower: name !== 'VBAT',
});

const fan = (instance: number): SensorOptions => ({
  name: `Fan ${instance}`,
  entity: `${Entity.Fan}.${instance}`,
  type: 'fan',
  unit: 'RPM',
  range: [0, 25_500],
  value: { base: 6400 + 60 * instance, swing: 300, period: 180, noise: 60 },
  nominal: 6400,
  thresholds: { lnc: 1800, lc: 1200, lnr: 600 },
  hysteresis: 100,
  needsPower: true,
});

const watts = (name: string, entity: number, instance: number, base: number): SensorOptions => ({
  name,
  entity: `${entity}.${instance}`,
  type: 'other units-based sensor',
  unit: 'Watts',
  range: [0, 1020],
  value: { base, swing: base * 0.12, period: 150, noise: base * 0.02 },
  nominal: base,
  thresholds: { unc: 800, uc: 900 },
  needsPower: true,
});

const discrete = (
  name: string,
  entity: number,
  instance: number,
  type: string,
  states: readonly number[],
): SensorOptions => ({
  name,
  entity: `${entity}.${instance}`,
  type,
  states,
});

const dimms = ['A1', 'A2', 'B1', 'B2'].map((slot, i) =>
  temperature(`DIMM ${slot} Temp`, Entity.Memory, i + 1, 36 + i, 3, 78),
);

/** What runs without a file: a believable two-socket server with everything plugged in and well. */
export const twoSocketServer: BmcOptions = {
  name: 'bmc',
  identity: {
    deviceId: 0x20,
    deviceRevision: 1,
    firmware: '2.14',
    manufacturerId: 0x1291,
    productId: 0x0f02,
  },
  firmware: {
    components: [
      { id: 0, name: 'BMC', bmc: true },
      { id: 1, name: 'BIOS', version: '2.10', needsPowerCycle: true },
    ],
  },
  interfaces: [{ type: 'lan', channel: 1, listen: '127.0.0.1:9623' }],
  users: [
    { id: 2, name: 'admin', password: 'AdminPass123', privilege: 'administrator' },
    { id: 3, name: 'operator', password: 'OperPass123', privilege: 'operator' },
    { id: 4, name: 'monitor', password: 'MonPass123', privilege: 'user' },
  ],
  sensors: [
    temperature('CPU1 Temp', Entity.Processor, 1, 47, 7, 88),
    temperature('CPU2 Temp', Entity.Processor, 2, 45, 7, 88),
    temperature('Inlet Temp', Entity.Inlet, 1, 23, 1.5, 40),
    temperature('Exhaust Temp', Entity.SystemBoard, 1, 36, 2.5, 70),
    temperature('PCH Temp', Entity.SystemBoard, 2, 49, 3, 95),
    temperature('VRM1 Temp', Entity.SystemBoard, 3, 44, 4, 95),
    temperature('VRM2 Temp', Entity.SystemBoard, 4, 43, 4, 95),
    ...dimms,
    temperature('PSU1 Temp', Entity.PowerSupply, 1, 33, 3, 60),
    temperature('PSU2 Temp', Entity.PowerSupply, 2, 32, 3, 60),
    ...[1, 2, 3, 4, 5, 6].map(fan),
    voltage('P12V', 12.1, 1),
    voltage('P5V', 5.02, 2),
    voltage('P3V3', 3.31, 3),
    voltage('P1V8', 1.8, 4),
    voltage('CPU1 VCore', 1.05, 5),
    voltage('CPU2 VCore', 1.05, 6),
    voltage('VBAT', 3.05, 7),
    watts('PSU1 Power', Entity.PowerSupply, 1, 142),
    watts('PSU2 Power', Entity.PowerSupply, 2, 138),
    discrete('CPU1 Status', Entity.Processor, 1, 'processor', [7]),
    discrete('CPU2 Status', Entity.Processor, 2, 'processor', [7]),
    discrete('PSU1 Status', Entity.PowerSupply, 1, 'power supply', [0]),
    discrete('PSU2 Status', Entity.PowerSupply, 2, 'power supply', [0]),
    discrete('Drive 1', Entity.Drive, 1, 'drive slot / bay', [0]),
    discrete('Drive 2', Entity.Drive, 2, 'drive slot / bay', [0]),
    discrete('Intrusion', Entity.Chassis, 1, 'physical security', []),
  ],
  fru: [
    {
      id: 0,
      name: 'Builtin FRU',
      entity: `${Entity.SystemBoard}.1`,
      chassis: { type: 23, partNumber: 'CH-2U-8', serial: 'CHS2610001' },
      board: {
        manufacturer: 'ipmi-bmc',
        product: 'Two-Socket Board',
        serial: 'BRD2610001',
        partNumber: 'TSB-2',
        date: '2026-01-15',
      },
      product: {
        manufacturer: 'ipmi-bmc',
        name: 'Two-Socket Server',
        partNumber: 'TSS-2U',
        version: '1.2',
        serial: 'SRV2610001',
        assetTag: 'RACK-01-17',
      },
    },
    ...[1, 2].map((n) => ({
      id: n,
      name: `PSU${n} FRU`,
      entity: `${Entity.PowerSupply}.${n}`,
      board: {
        manufacturer: 'ipmi-bmc',
        product: 'PSU 1000W Board',
        serial: `PSB261000${n}`,
        partNumber: 'PSB-1000',
        date: '2025-11-03',
      },
      product: {
        manufacturer: 'ipmi-bmc',
        name: 'PSU 1000W',
        partNumber: 'PSU-1000',
        version: '2.0',
        serial: `PSU261000${n}`,
      },
      multirecord: [
        {
          powerSupply: {
            capacity: 1000,
            input: [90, 140] as const,
            input2: [180, 264] as const,
            frequency: [47, 63] as const,
            dropout: 10,
            hotSwap: true,
            autoswitch: true,
            powerFactorCorrection: true,
          },
        },
        {
          dcOutput: {
            output: 1,
            nominal: 12.2,
            low: 11.6,
            high: 12.8,
            ripple: 0.12,
            current: [0.5, 65] as const,
          },
        },
        { managementAccess: { componentName: `Power supply ${n}` } },
      ],
      size: 512,
    })),
  ],
  sdr: { name: 'BMC' },
  chassis: { power: 'on', restorePolicy: 'previous' },
};
