// Every standard command of the NetFns that a BMC serves has a handler, with the privilege of appendix G.
import { expect, test } from 'vitest';
import { keyName, Privilege, type CommandKey } from '../src/commands/command.ts';
import { standard } from '../src/handlers/standard.ts';
import { standardCommands } from './support/standard-commands.ts';

const LEVELS: Readonly<Record<string, number | undefined>> = {
  p: Privilege.None,
  c: Privilege.Callback,
  u: Privilege.User,
  o: Privilege.Operator,
  a: Privilege.Administrator,
};

/** Rights that differ from appendix G on purpose; the declarations say why. */
const WIDER = new Set(['04h 20h', '04h 21h', '04h 22h']);

const rows = standardCommands.flatMap(({ netFn, body, commands }) =>
  commands.split(' ').map((text) => {
    const key: CommandKey = { netFn, body, cmd: parseInt(text.slice(0, 2), 16) };
    return { name: keyName(key), key, level: text[2] };
  }),
);

test('the table is whole', () => expect(rows.length).toBe(171));

test.each(rows)('$name', ({ name, key, level }) => {
  const handler = standard.get(key)?.handler;
  expect(handler, 'no handler').toBeDefined();
  if (level === 's') expect(handler!.systemInterfaceOnly).toBe(true);
  else if (level in LEVELS && !WIDER.has(name)) expect(handler!.privilege).toBe(LEVELS[level]);
});
