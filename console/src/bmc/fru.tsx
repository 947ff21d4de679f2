import type { FruState } from 'ipmi-bmc/control';
import { pathOf } from '../api.ts';
import { useAnswer } from '../parts/hooks.ts';
import { Facts, plainText, Problem } from '../parts/layout.tsx';
import type { TabProps } from './tab.ts';

export function Fru({ api, bmc }: TabProps) {
  const { value, problem } = useAnswer<{ frus: FruState[] }>(api, pathOf(bmc, '/fru'));
  return (
    <>
      <Problem of={problem} />
      <div class="cards">
        {value?.frus.map(({ id, name, size, content }) => (
          <article key={id}>
            <h2>
              {name}{' '}
              <span class="hint">
                FRU {id}, {size} bytes
              </span>
            </h2>
            {content === null ? (
              <p>Its bytes are no FRU information.</p>
            ) : (
              Object.entries(content).map(([area, fields]) => (
                <section key={area}>
                  <h3>{area}</h3>
                  {typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? (
                    <Facts of={Object.entries(fields).map(([key, one]) => [key, plainText(one)])} />
                  ) : (
                    <p>{plainText(fields)}</p>
                  )}
                </section>
              ))
            )}
          </article>
        ))}
      </div>
    </>
  );
}
