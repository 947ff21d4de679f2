/** Keys of a FreeIPMI configuration that are left as they are, by section. */
export type Untouched = Readonly<Record<string, RegExp | undefined>>;

/**
 * A checkout of FreeIPMI's (verbose, with its "Possible values") with every key changed to something else
 * that is possible.
 */
export function changed(
  checkout: string,
  untouched: Untouched,
): { readonly text: string; readonly keys: string[] } {
  const keys: string[] = [];
  let section = '';
  let comment = '';
  const lines = checkout.split('\n').map((line) => {
    section = /^Section (\S+)$/.exec(line)?.[1] ?? section;
    const [, note] = /^\s*## (.*)$/.exec(line) ?? [];
    if (note !== undefined) {
      comment += ` ${note}`;
      return line;
    }
    const [, key, value] = /^\t(\w+)\s+(\S.*?)\s*$/.exec(line) ?? [];
    const possible = /Possible values: (.*)/.exec(comment)?.[1] ?? '';
    comment = '';
    if (key === undefined || untouched[section]?.test(key)) return line;
    const other = another(key, value, possible);
    if (other === undefined) return line;
    keys.push(`${section}:${key}`);
    return `\t${key} ${other}`;
  });
  return { text: lines.join('\n'), keys };
}

/** Values that the tools list in another way than they take them. */
const TAKEN: Readonly<Record<string, string | undefined>> = {
  IPv6_IPv4_Addressing_Enables: 'IPv6_Only',
  Device_Instance_Selector: 'Internal-3',
};

/** Undefined: there is no other value. */
function another(key: string, value: string, possible: string): string | undefined {
  if (TAKEN[key] !== undefined) return TAKEN[key];
  if (key === 'Username') return `${value}x`;
  if (value === 'Yes' || value === 'No') return value === 'Yes' ? 'No' : 'Yes';
  if (
    /^\d+$/.test(value) &&
    (possible === '' || /^\d/.test(possible) || /legal values|unsigned/i.test(possible))
  )
    return value === '0' ? '1' : String(Number(value) - 1);
  if (/^(\d+\.){3}\d+$/.test(value)) return '10.1.2.3';
  if (/^([\da-f]{2}:){5}[\da-f]{2}$/i.test(value)) return '02:00:00:00:00:07';
  if (value === '::') return 'fd00::5';
  return possible
    .split('/')
    .map((one) => one.trim())
    .find((one) => one !== '' && one !== value && !['No_Access', 'Unused', 'Callback'].includes(one));
}
