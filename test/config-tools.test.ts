// FreeIPMI's configuration tools against a running BMC: what is checked out, changed in every key and
// committed must come back.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { judged, startBmc } from './support/cli.ts';
import { lan20, runTool, toolTest } from './support/tools.ts';

/** `key value` lines by section, comments left out. */
function settings(text: string): Map<string, string> {
  const out = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    const [word, value = ''] = line.trim().split(/\s+(.*)/);
    if (word === 'Section') section = value;
    else if (word !== '' && !word.startsWith('#') && word !== 'EndSection')
      out.set(`${section}:${word}`, value.trim());
  }
  return out;
}

/** The same file with another allowed value in every key; what is allowed stands in the comment above. */
function changed(text: string, another: (key: string, value: string) => string | undefined): string {
  let section = '';
  let comment = '';
  return text
    .split('\n')
    .map((line) => {
      const [, indent, key, gap, value] = /^(\s*)(\w+)(\s*)(.*)$/.exec(line) ?? [];
      if (line.trim().startsWith('#')) comment += line;
      if (key === 'Section') section = value;
      if (key === undefined || key === 'Section' || key === 'EndSection') return line;
      const choices = /Possible values: (\S+)/.exec(comment)?.[1].split('/') ?? [];
      comment = '';
      const own = another(`${section}:${key}`, value.trim());
      const choice = choices.find((one) => one !== value.trim() && !/reserved/i.test(one));
      return `${indent}${key}${gap || ' '}${own ?? choice ?? value}`;
    })
    .join('\n');
}

/** Checks out, changes, commits, checks out again; returns how many keys were changed. */
async function roundTrip(
  tool: string,
  port: string,
  another: Parameters<typeof changed>[1],
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-config-'));
  const flags = [...lan20(port), '-l', 'ADMIN'];
  const config = async (...args: string[]): Promise<void> => {
    const { code, out } = await runTool(
      tool,
      [...flags, ...(tool === 'ipmi-sensors-config' ? [`--sdr-cache-directory=${directory}`] : []), ...args],
      {
        timeout: 60_000,
      },
    );
    expect(code, `${tool} ${args.join(' ')}: ${out.slice(-2000)}`).toBe(0);
  };
  try {
    const [before, wanted, after] = ['before', 'wanted', 'after'].map((name) => join(directory, name));
    await config('--checkout', '-f', before);
    const text = readFileSync(before, 'latin1');
    writeFileSync(wanted, changed(text, another), 'latin1');
    await config('--commit', '-f', wanted);
    await config('--checkout', '-f', after);
    const expected = settings(readFileSync(wanted, 'latin1'));
    expect(Object.fromEntries(settings(readFileSync(after, 'latin1')))).toEqual(Object.fromEntries(expected));
    const original = settings(text);
    const same = [...expected]
      .filter(([key, value]) => original.get(key) === value && !key.endsWith(':Alert_Gateway'))
      .map(([key]) => key);
    expect(same, 'keys that the test did not change').toEqual([]);
    return expected.size;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

toolTest(
  'ipmi-pef-config: every key of every section comes back as it was committed',
  ['ipmi-pef-config'],
  async () => {
    const bmc = await startBmc(judged);
    try {
      const keys = await roundTrip('ipmi-pef-config', bmc.port, (key, value) => {
        const [section, name] = key.split(':');
        const number = Number(/\d+$/.exec(section)?.[0] ?? 1);
        if (name === 'Alert_IP_Address') return `10.1.2.${number}`;
        if (name === 'Alert_MAC_Address') return `02:00:00:00:00:0${number}`;
        if (name === 'Community_String') return 'private';
        // FreeIPMI writes this into bit 0, where the specification has it, and reads it from bit 7.
        if (name === 'Alert_Gateway') return value;
        // FreeIPMI reads a value up to the first space.
        if (name === 'Alert_String') return `alert_string_${number},_longer_than_a_block`;
        if (name === 'Alert_Retries') return '5';
        if (name === 'Alert_Policy_Number' || name === 'Policy_Number') return value === '2' ? '3' : '2';
        if (name === 'Group_Control_Selector') return '1';
        if (name === 'Destination_Selector' || name === 'Channel_Number') return value === '1' ? '2' : '1';
        if (name === 'Sensor_Type') return value === 'Fan' ? 'Voltage' : 'Fan';
        if (/^0x[\da-f]{3,4}$/i.test(value)) return value === '0x1234' ? '0x1235' : '0x1234';
        if (/^0x[\da-f]{2}$/i.test(value)) return value === '0x12' ? '0x13' : '0x12';
        return /^\d+$/.test(value) ? String(Number(value) + 1) : undefined;
      });
      expect(keys).toBeGreaterThan(1000);
    } finally {
      await bmc.stop();
    }
  },
);

toolTest(
  'ipmi-sensors-config: every key of every sensor comes back as it was committed',
  ['ipmi-sensors-config'],
  async () => {
    const bmc = await startBmc(judged);
    try {
      // One step of each sensor's raw reading.
      const steps: Record<string, number> = {
        CPU_Temp: 1,
        Ambient_Temp: 1,
        FAN1: 100,
        P12V: 0.06,
        PSU1_Power: 4,
        SAT_Temp: 1,
      };
      const keys = await roundTrip('ipmi-sensors-config', bmc.port, (key, value) => {
        const step = /^\d+_(\w+):\w*(Threshold|Hysteresis)$/.exec(key);
        return step ? ((value === 'None' ? 0 : Number(value)) + steps[step[1]]).toFixed(6) : undefined;
      });
      expect(keys).toBeGreaterThan(100);
    } finally {
      await bmc.stop();
    }
  },
);
