// Errors are a part of the interface: every class of them has a code, one table has them all, and
// docs/errors.md says what each means.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DecodeError, EncodeError, ERROR_CODES, errorCodeOf, IpmiError } from '../src/codec/index.ts';

const src = fileURLToPath(new URL('../src', import.meta.url));
const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
/** The doors of the package, by what users import, and the file behind each. */
const { exports: doors } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  exports: Record<string, { default: string }>;
};

const declared = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .flatMap((file) =>
    [...readFileSync(join(src, file), 'utf8').matchAll(/class (\w+) extends \w*Error\b/g)].map(
      ([, name]) => ({ name, file }),
    ),
  );

test('P8: every class of errors is in the table, and the table has no other', () => {
  expect(declared.map(({ name }) => name).toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  const codes = Object.values(ERROR_CODES);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.filter((code) => !/^IPMI_BMC_[A-Z]+(_[A-Z]+)*$/.test(code))).toEqual([]);
});

test.each(declared)('P8: $name carries its code and its name', async ({ name, file }) => {
  const module = (await import(join(src, file))) as Record<string, new (...args: unknown[]) => Error>;
  // Arguments that suit the constructors of all of them.
  const error = name === 'IpmiError' ? new IpmiError(0xcc) : new module[name](['a'], ['b'], 'c', 'd');
  expect(error).toMatchObject({ name, code: ERROR_CODES[name as keyof typeof ERROR_CODES] });
  expect(errorCodeOf(error)).toBe(ERROR_CODES[name as keyof typeof ERROR_CODES]);
});

test('P8: docs/errors.md has a row for each code, and names the door by which its class comes', async () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \| (?:`([\w/-]+)`|inside) \| \S.* \|$/gm)];
  expect(Object.fromEntries(rows.map(([, code, name]) => [name, code]))).toEqual(ERROR_CODES);
  for (const [, , name, door] of rows) {
    if (door === undefined) continue;
    const file = doors[door.replace(/^ipmi-bmc/, '.')].default.replace('./dist/', '').replace(/\.js$/, '.ts');
    expect(Object.keys((await import(join(src, file))) as object), `${name} of ${door}`).toContain(name);
  }
});

test("P8: an error of ours is told from the system's, and from everybody else's", () => {
  expect(errorCodeOf(new DecodeError('Get SEL Entry', 'offset', 2, 'is not there'))).toBe('IPMI_BMC_DECODE');
  expect(errorCodeOf(new EncodeError('Get SEL Entry', 'offset', '300'))).toBe('IPMI_BMC_ENCODE');
  const others = [
    Object.assign(new Error('ENOENT'), { code: 'ENOENT' }),
    Object.assign(new Error('no'), { code: 'IPMI_BMC_NOT' }),
    new Error('no'),
  ];
  expect([...others, { code: 'IPMI_BMC_DECODE' }, undefined].map(errorCodeOf)).toEqual(
    Array.from({ length: 5 }, () => undefined),
  );
});
