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
/** Declared elsewhere and not landed yet; this list only gets shorter. */
const COMING: ReadonlySet<string> = new Set([
  '06h 34h',
  '06h 48h',
  '06h 49h',
  '06h 4Ah',
  '06h 4Bh',
  '06h 4Ch',
  '06h 4Dh',
  '06h 4Eh',
  '06h 4Fh',
  '06h 50h',
  '06h 52h',
  '06h 55h',
  '06h 57h',
  '0Ch 20h',
  '0Ch 21h',
  '0Ch 22h',
  '0Ch 30h',
  '0Ch 31h',
  '0Ch 32h',
  '0Ch 33h',
]);

const rows = standardCommands.flatMap(({ netFn, body, commands }) =>
  commands.split(' ').map((text) => {
    const key: CommandKey = { netFn, body, cmd: parseInt(text.slice(0, 2), 16) };
    return { name: keyName(key), key, level: text[2] };
  }),
);

test('the table is whole', () => expect(rows.length).toBe(171));

test.each(rows.filter(({ name }) => !COMING.has(name)))('$name', ({ name, key, level }) => {
  const handler = standard.get(key)?.handler;
  expect(handler, 'no handler').toBeDefined();
  if (level === 's') expect(handler!.systemInterfaceOnly).toBe(true);
  else if (level in LEVELS && !WIDER.has(name)) expect(handler!.privilege).toBe(LEVELS[level]);
});
