import { useEffect, useState } from 'preact/hooks';

const KEY = 'scheme';
const SCHEMES = ['system', 'light', 'dark'] as const;

/** Light, dark, or as the system has it; kept for this browser. */
export function Scheme() {
  const [scheme, setScheme] = useState(() => localStorage.getItem(KEY) ?? 'system');
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const apply = (): void => {
      document.documentElement.dataset.scheme =
        scheme === 'system' ? (dark.matches ? 'dark' : 'light') : scheme;
    };
    apply();
    dark.addEventListener('change', apply);
    localStorage.setItem(KEY, scheme);
    return () => dark.removeEventListener('change', apply);
  }, [scheme]);
  return (
    <label class="scheme">
      Colours{' '}
      <select value={scheme} onChange={({ currentTarget }) => setScheme(currentTarget.value)}>
        {SCHEMES.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}
