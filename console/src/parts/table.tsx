import type { ComponentChildren } from 'preact';

interface TableProps {
  /** What is in it, above it; `about` says it to screen readers only, where a heading says it already. */
  readonly title?: ComponentChildren;
  readonly about?: string;
  /** One in parentheses is of buttons, which say themselves what they do: screen readers have its name. */
  readonly columns: readonly string[];
  readonly class?: string;
  /** Rows that come while somebody looks are read out. */
  readonly isLog?: boolean;
  readonly children: ComponentChildren;
}

/** Rows under headings, as wide as they need: what does not fit is scrolled to, by keyboard too. */
export function Table({ title, about, columns, class: kind, isLog, children }: TableProps) {
  return (
    <div class="wide" tabIndex={0} {...(isLog && { role: 'log', 'aria-label': about })}>
      <table class={kind}>
        <caption class={title === undefined ? 'unseen' : undefined}>{title ?? about}</caption>
        <thead>
          <tr>
            {columns.map((name) => (
              <th scope="col" key={name}>
                {name.startsWith('(') ? <span class="unseen">{name.slice(1, -1)}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

interface FilterProps {
  readonly value: string;
  readonly example?: string;
  readonly onChange: (value: string) => void;
}

/** Words that rows must have. */
export const Filter = ({ value, example, onChange }: FilterProps) => (
  <label>
    Filter{' '}
    <input
      type="search"
      value={value}
      placeholder={example}
      onInput={({ currentTarget }) => onChange(currentTarget.value)}
    />
  </label>
);
