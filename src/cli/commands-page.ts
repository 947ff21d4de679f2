import { keyName, NetFn, Privilege, type Command } from '../commands/command.ts';
import * as declared from '../commands/index.ts';
import { standard } from '../handlers/standard.ts';

const isCommand = (value: unknown): value is Command => typeof value === 'object' && value !== null && 'netFn' in value && 'request' in value;

const netFnNames = Object.fromEntries(Object.entries(NetFn).map(([name, value]) => [value, name]));
const privilegeNames = Object.fromEntries(Object.entries(Privilege).map(([name, value]) => [value, name]));

/** docs/commands.md: every declared command, where it is specified, who may send it, how long its data are, whether it is answered. */
export function commandsPage(): string {
  const commands = Object.values(declared)
    .filter(isCommand)
    .sort((a, b) => a.netFn - b.netFn || (a.body ?? 0) - (b.body ?? 0) || a.cmd - b.cmd);
  const handled = (command: Command): boolean => standard.get({ netFn: command.netFn, cmd: command.cmd, body: command.body }) !== undefined;
  const lines = ['# Commands', '', 'Written from the declarations by `npm run docs`. Sizes are bytes of data, without completion code and body.', ''];
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
      const level = systemInterfaceOnly
        ? 'system interface only'
        : privilege === Privilege.None
          ? 'none (also without a session)'
          : privilegeNames[privilege];
      lines.push(
        `| ${keyName(command)} | ${name} | ${spec} | ${level} | ${sizes(request)} | ${sizes(response)} | ${handled(command) ? 'yes' : 'no'} |`,
      );
    }
    lines.push('');
  }
  return lines.join('\n');
}

const sizes = ({ min, max }: { min: number; max: number }): string => (min === max ? String(min) : `${min}..${max === Infinity ? '' : max}`);
