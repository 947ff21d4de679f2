/** An option that may be given more than once. */
export const PLUGIN = [
  '--plugin <file>',
  'a module whose exports `kinds` and `handlers` are known and answered too; may be given more than once',
  (file: string, before: readonly string[] = []): readonly string[] => [...before, file],
] as const;
