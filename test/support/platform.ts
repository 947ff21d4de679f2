/** A small platform: a threshold and a discrete sensor, a FRU device, two users. */
export const platform = {
  sensors: [
    {
      name: 'CPU Temp',
      number: 1,
      entity: '3.1',
      type: 'temperature',
      unit: 'degrees C',
      range: [0, 255],
      value: 45,
      nominal: 45,
      thresholds: { lnc: 10, unc: 85, uc: 95 },
      hysteresis: 2,
    },
    { name: 'PSU', number: 2, entity: '10.1', type: 'power supply', states: [0] },
  ],
  fru: [{ id: 0, name: 'Builtin', product: { name: 'Server', serial: 'S1' }, size: 256 }],
  users: [
    { id: 2, name: 'admin', password: 'secret' },
    { id: 3, name: 'twenty', password: 'TwentyBytePassw0rd20' },
  ],
} as const;
