/** A text of JSON, or white space between such texts and other signs. */
const TEXT_OR_SPACE = /("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g;

/**
 * The value of JSON as programs write it, which is YAML as well; undefined: it is something else, or there is
 * more to it. What comes out written again as it was is certain to have no key twice, no number that is
 * another one (`1.0`, `0x10`) and nothing that YAML takes otherwise. `deepest`: lists and objects within each
 * other.
 */
export function plainJson(text: string, deepest: number): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isDeeper(value, deepest)) return undefined;
    return JSON.stringify(value) === text.replace(TEXT_OR_SPACE, '$1') ? value : undefined;
  } catch {
    return undefined; // It is YAML, or wrong: what reads YAML tells.
  }
}

const isDeeper = (value: unknown, most: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (most === 0 || Object.values(value).some((inner) => isDeeper(inner, most - 1)));
