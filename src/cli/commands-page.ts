import { Bmc } from '../bmc.ts';
import { Body, keyName, NetFn, Privilege, type Command } from '../commands/command.ts';
import * as declared from '../commands/index.ts';
import { standard } from '../handlers/standard.ts';

const isCommand = (value: unknown): value is Command =>
  typeof value === 'object' && value !== null && 'netFn' in value && 'request' in value;

const netFnNames = Object.fromEntries(Object.entries(NetFn).map(([name, value]) => [value, name]));
const privilegeNames = Object.fromEntries(Object.entries(Privilege).map(([name, value]) => [value, name]));

/**
 * What other BMC-side programs answer, in their default builds: distinct commands with a real handler,
 * counted in their sources.
 */
const PEERS = ['OpenIPMI ipmi_sim', 'OpenBMC', 'go-ipmi', 'QEMU ipmi-bmc-sim', 'pyghmi'] as const;
const COUNTS: readonly {
  readonly title: string;
  readonly netFn: number;
  readonly body?: number;
  readonly standard: number;
  readonly peers: readonly number[];
}[] = [
  { title: 'Chassis', netFn: NetFn.Chassis, standard: 13, peers: [6, 11, 6, 4, 4] },
  { title: 'Bridge (ICMB)', netFn: NetFn.Bridge, standard: 26, peers: [0, 0, 0, 0, 0] },
  { title: 'Sensor/Event', netFn: NetFn.SensorEvent, standard: 27, peers: [19, 11, 0, 9, 0] },
  { title: 'App', netFn: NetFn.App, standard: 62, peers: [32, 40, 27, 17, 8] },
  { title: 'Storage', netFn: NetFn.Storage, standard: 30, peers: [24, 16, 6, 15, 0] },
  { title: 'Transport', netFn: NetFn.Transport, standard: 24, peers: [2, 4, 3, 0, 0] },
  { title: 'DCMI', netFn: NetFn.Group, body: Body.Dcmi, standard: 15, peers: [0, 13, 0, 0, 0] },
  { title: 'PICMG and HPM', netFn: NetFn.Group, body: Body.Picmg, standard: 13, peers: [1, 0, 0, 0, 0] },
];

/**
 * docs/commands.md: every declared command, where it is specified, who may send it, how long its data are,
 * whether it is answered.
 */
export function commandsPage(): string {
  const commands = Object.values(declared)
    .filter(isCommand)
    .sort((a, b) => a.netFn - b.netFn || (a.body ?? 0) - (b.body ?? 0) || a.cmd - b.cmd);
  const always = (command: Command): boolean =>
    standard.get({ netFn: command.netFn, cmd: command.cmd, body: command.body }) !== undefined;
  const updatable = new Set(
    [...new Bmc({ firmware: { components: [{ id: 0, name: 'any' }] } }).router.claims()].map(
      ({ handler }) => handler.name,
    ),
  );
  const handled = (command: Command): boolean => always(command) || updatable.has(command.name);
  const lines = [
    '# Commands',
    '',
    'Written from the declarations by `npm run docs`. Sizes are bytes of data, without completion code and body.',
    '',
  ];
  lines.push(...comparison(commands.filter(handled)), '');
  for (const netFn of new Set(commands.map((command) => command.netFn))) {
    const rows = commands.filter((command) => command.netFn === netFn);
    lines.push(
      `## ${netFnNames[netFn]} (${rows.filter(handled).length} answered)`,
      '',
      '| key | command | section | least privilege | request | response | answered |',
      '|---|---|---|---|---|---|---|',
    );
    for (const command of rows) {
      const { name, spec, privilege, systemInterfaceOnly, request, response } = command;
      const answered = always(command) ? 'yes' : handled(command) ? 'with `firmware`' : 'no';
      const level = systemInterfaceOnly
        ? 'system interface only'
        : privilege === Privilege.None
          ? 'none (also without a session)'
          : privilegeNames[privilege];
      lines.push(
        `| ${keyName(command)} | ${name} | ${spec} | ${level} | ${sizes(request)} | ${sizes(response)} | ${answered} |`,
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}

/** Commands answered by NetFn, beside those of others. */
function comparison(answered: readonly Command[]): string[] {
  const rows = COUNTS.map(({ title, netFn, body, standard: all, peers }) => {
    const here = answered.filter((command) => command.netFn === netFn && command.body === body).length;
    return `| ${title} ${netFn.toString(16).padStart(2, '0').toUpperCase()}h | ${all} | ${here} | ${peers.join(' | ')} |`;
  });
  return [
    `| NetFn | standard commands | answered here | ${PEERS.join(' | ')} |`,
    `|---|---|---|${PEERS.map(() => '---').join('|')}|`,
    ...rows,
    '',
    "Counts of others: distinct commands with a real handler in the default build, read in each one's source.",
  ];
}

const sizes = ({ min, max }: { min: number; max: number }): string =>
  min === max ? String(min) : `${min}..${max === Infinity ? '' : max}`;
