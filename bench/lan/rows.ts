// What is measured: a row each of the table.

export interface Row {
  readonly id: string;
  readonly title: string;
  /** What one of what is counted is called. */
  readonly unit: 'request' | 'log-in' | 'KiB';
  /** Of the load generator, besides target and time. */
  readonly args: readonly string[];
  /** BMCs of a fleet, one session each. */
  readonly fleet?: number;
  /** Why ipmi_sim is left out. */
  readonly alone?: string;
}

const shapes = [
  [1, 1],
  [1, 8],
  [16, 4],
] as const;
const kinds = [
  ['devid', 'suite 3', ['-c', '3'], undefined],
  ['devid17', 'suite 17', ['-c', '17'], '`ipmi_sim` has no suite 17'],
  ['devid15', 'IPMI 1.5 MD5', ['--v15', 'md5'], undefined],
] as const;

const getDeviceId = kinds.flatMap(([name, title, args, alone]) =>
  shapes.map(([sessions, window]): Row => ({
    id: `${name}-${sessions}x${window}`,
    title: `Get Device ID, ${title}, ${sessions}x${window}`,
    unit: 'request',
    args: [...args, '-n', String(sessions), '-w', String(window)],
    alone,
  })),
);

// A fleet's sessions share eight sockets: the load generator is to be no fleet itself.
const fleet = (count: number, alone?: string): Row => ({
  id: `fleet-${count}`,
  title: `${count} BMCs, Get Device ID, a session each`,
  unit: 'request',
  args: ['-n', '1', '-w', '1', '--socks', '8', '--setup-par', '16'],
  fleet: count,
  alone,
});

export const rows: readonly Row[] = [
  ...getDeviceId,
  {
    id: 'setup-1',
    title: 'log-in and log-out, suite 3, 1 client',
    unit: 'log-in',
    args: ['-m', 'setup', '-n', '1', '--fresh-port'],
  },
  {
    id: 'setup-4',
    title: 'log-in and log-out, suite 3, 4 clients',
    unit: 'log-in',
    args: ['-m', 'setup', '-n', '4', '--fresh-port'],
  },
  {
    id: 'authcap-4x8',
    title: 'Get Channel Authentication Capabilities, 4x8',
    unit: 'request',
    args: ['-m', 'authcap', '-n', '4', '-w', '8'],
  },
  {
    id: 'ping-4x8',
    title: 'presence ping, 4x8',
    unit: 'request',
    args: ['-m', 'ping', '-n', '4', '-w', '8'],
  },
  // ipmi_sim refuses FFh bytes ("to the end") with CAh; 32 are asked of both.
  {
    id: 'sdr-1x1',
    title: 'Get SDR walk, 32 bytes each, 1x1',
    unit: 'request',
    args: ['--preset', 'sdr', '--bytes', '32'],
  },
  {
    id: 'sel-1x1',
    title: 'Get SEL Entry walk over 1,000, 1x1',
    unit: 'request',
    args: ['--preset', 'sel'],
  },
  {
    id: 'sensor-16x4',
    title: 'Get Sensor Reading, 16x4',
    unit: 'request',
    args: ['-r', '4:0x2d:07', '-n', '16', '-w', '4'],
  },
  {
    id: 'sol',
    title: 'SOL, console to client',
    unit: 'KiB',
    args: ['-m', 'sol', '--timeout', '2'],
  },
  fleet(200),
  fleet(1000, '1,000 processes of `ipmi_sim` are not started'),
];

/** The id of the row that has no load: from a process's start to its first answer. */
export const START = 'start';

/**
 * Those that a list of ids, or of what ids begin with, names, by commas. Throws an Error with the ids there
 * are.
 */
export function chosen(list: string | undefined): ReadonlySet<string> {
  const all = [...rows.map(({ id }) => id), START];
  if (list === undefined) return new Set(all);
  return new Set(
    list.split(',').flatMap((name) => {
      const exact = all.filter((id) => id === name);
      const these = exact.length > 0 ? exact : all.filter((id) => name !== '' && id.startsWith(`${name}-`));
      if (these.length === 0)
        throw new Error(`--rows: no row is called '${name}'; there are ${all.join(', ')}`);
      return these;
    }),
  );
}
