import type { ComponentChildren } from 'preact';

/** Names and values. */
export function Facts({
  of,
}: {
  readonly of: readonly (readonly [name: string, value: ComponentChildren])[];
}) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Nothing where nothing is wrong; read out where something is. */
export const Problem = ({ of }: { readonly of: string }) => (
  <p class="problem" role="alert">
    {of}
  </p>
);

/** Values of any shape in a few words. */
export function plainText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (value instanceof Uint8Array)
    return [...value].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  if (Array.isArray(value)) return value.map(plainText).join(', ');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([key, one]) => `${key} ${plainText(one)}`)
      .join(', ');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? `${value}`
    : '';
}
