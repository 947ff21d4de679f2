// What the lists of src/kinds/ are made from.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file that is a kind: the kind's name in it, and that of its settings. */
export interface KindFile {
  readonly file: string;
  readonly kind: string;
  readonly settings: string;
}

export const foldersOfKinds = (kinds: string): string[] =>
  readdirSync(kinds).filter((folder) => existsSync(join(kinds, folder, 'list.ts')));

/** Files that export a kind (`export const http: BackendKind<...>`, or one of a maker like `deviceKind`). */
export function kindsIn(folder: string): KindFile[] {
  return readdirSync(folder).flatMap((file) => {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) return [];
    const text = readFileSync(join(folder, file), 'utf8');
    const kind = /^export const (\w+)(?:: \w+Kind<| = \w+Kind<)/m.exec(text)?.[1];
    const settings = /^export type (\w+) = Settings<typeof schema>;$/m.exec(text)?.[1];
    return kind === undefined || settings === undefined ? [] : [{ file, kind, settings }];
  });
}

/** The files that a list has, in its order. */
export const listed = (text: string): string[] =>
  [...text.matchAll(/^import \{ .* \} from '\.\/(.*)';$/gm)].map(([, file]) => file);

/** The kinds that are there, in the order of a list; those that it has not come last. */
export function withNew(list: string, found: readonly KindFile[]): KindFile[] {
  const order = listed(list);
  const isOld = ({ file }: KindFile): boolean => order.includes(file);
  return [
    ...order.flatMap((file) => found.filter((kind) => kind.file === file)),
    ...found.filter((kind) => !isOld(kind)),
  ];
}

export const listText = (
  all: readonly KindFile[],
): string => `// Written by \`npm run docs\` from the files beside it, in the order in which messages name them.
${all.map(({ file, kind, settings }) => `import { ${kind}, type ${settings} } from './${file}';`).join('\n')}

export type { ${all.map(({ settings }) => settings).join(', ')} };
export const kinds = [${all.map(({ kind }) => kind).join(', ')}] as const;
/** Their settings. */
export type KindSettings = ${all.map(({ settings }) => settings).join(' | ')};
`;
