// FreeIPMI's configuration tools: what they check out, changed key by key and committed, is what they find
// afterwards.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { judged, startBmc, type RunningBmc } from './support/cli.ts';
import { changed, type Untouched } from './support/config-file.ts';
import { lan20, type Ran, runTool, toolTest } from './support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-config-'));
let bmc: RunningBmc;
beforeAll(async () => (bmc = await startBmc(judged)));
afterAll(async () => {
  await bmc.stop();
  rmSync(folder, { recursive: true });
});

const tool = (name: string, ...args: string[]): Promise<Ran> => runTool(name, [...lan20(bmc.port), ...args]);
/** With every set of a parameter, and the possible values of each. */
const VERBOSE = '-v';

/** Checks out, changes, commits, compares; and the same way back. Returns the keys that were changed. */
async function roundTrip(
  name: string,
  untouched: Untouched,
  more: readonly string[] = [],
): Promise<string[]> {
  const args = [VERBOSE, ...more];
  const before = join(folder, `${name}.before`);
  const after = join(folder, `${name}.after`);
  // A checkout ends with 1 as soon as the BMC lacks one thing that the tool knows (a serial channel, suites
  // above 15).
  expect((await tool(name, ...args, '--checkout', '-n', before)).code).toBeLessThan(2);
  const { text, keys } = changed(readFileSync(before, 'utf8'), untouched);
  writeFileSync(after, text);
  for (const file of [after, before]) {
    expect(await tool(name, ...args, '--commit', '-n', file)).toMatchObject({ code: 0, out: '' });
    expect(await tool(name, ...args, '--diff', '-n', file)).toMatchObject({ code: 0, out: '' });
  }
  return keys;
}

/**
 * What would cut off the very client that does the changing: its user, the way it came by, the suite and the
 * keys of its sessions.
 */
const OWN_WAY: Untouched = {
  User2: /./,
  Lan_Channel: /^Volatile_/,
  // What the tool calls suite 2 is the third one of the list: suite 3 (docs/decisions/0012).
  Rmcpplus_Conf_Privilege: /_2$/,
  Lan_Conf_Security_Keys: /./,
};

toolTest(
  'bmc-config: users, channel, LAN, IPv6, authentication, security, cipher suites, SOL',
  ['bmc-config'],
  async () => {
    const keys = await roundTrip('bmc-config', OWN_WAY, ['-I', '3']);
    expect(keys.length).toBeGreaterThan(140);
    for (const section of [
      'User3',
      'User15',
      'Lan_Channel',
      'Lan_Conf',
      'Lan6_Conf',
      'Lan_Conf_Auth',
      'Lan_Conf_User_Security',
      'Lan_Conf_Misc',
      'SOL_Conf',
    ])
      expect(keys.filter((key) => key.startsWith(`${section}:`)).length).toBeGreaterThan(0);
  },
  180_000,
);

toolTest('ipmi-chassis-config: buttons, restore policy, boot flags', ['ipmi-chassis-config'], async () => {
  const keys = await roundTrip('ipmi-chassis-config', {});
  expect(keys).toContain('Chassis_Front_Panel_Buttons:Enable_Reset_Button');
  expect(keys).toContain('Chassis_Power_Conf:Power_Restore_Policy');
  expect(keys).toContain('Chassis_Boot_Flags:Boot_Device');
  expect(keys.length).toBeGreaterThan(15);
});

toolTest(
  'the key of the BMC: set by bmc-config, needed from then on, and taken away again',
  ['bmc-config', 'bmc-info'],
  async () => {
    const kg = '0x0102030405060708090a0b0c0d0e0f1011121314';
    expect(await tool('bmc-config', '--commit', '-e', `Lan_Conf_Security_Keys:K_G=${kg}`)).toMatchObject({
      code: 0,
      out: '',
    });
    expect((await tool('bmc-info', '--get-device-id')).out).toMatch(/k_g invalid/i);
    expect((await tool('bmc-info', '--get-device-id', '-k', kg)).code).toBe(0);
    expect(
      await tool('bmc-config', '-k', kg, '--commit', '-e', `Lan_Conf_Security_Keys:K_G=0x${'00'.repeat(20)}`),
    ).toMatchObject({ code: 0 });
    expect((await tool('bmc-info', '--get-device-id')).code).toBe(0);
  },
);
