import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { BmcRow, SensorState } from 'ipmi-bmc/control';
import type { Api } from '../api.ts';
import { linkTo } from '../links.ts';
import { useStream, type Heard } from '../live.ts';
import { Connection, State } from '../parts/words.tsx';
import { Fru } from './fru.tsx';
import { Lan } from './lan.tsx';
import { Later } from './later.tsx';
import { Firmware } from './firmware.tsx';
import type { TabProps } from './tab.ts';
import { Overview } from './overview.tsx';
import { Sel } from './sel.tsx';
import { Sensors } from './sensors.tsx';
import { Users } from './users.tsx';
import { Watchdog } from './watchdog.tsx';

interface Tab {
  readonly name: string;
  readonly title: string;
  readonly part: ComponentType<TabProps>;
}

const later = (load: () => Promise<ComponentType<TabProps>>): ComponentType<TabProps> =>
  function LaterTab(props) {
    return <Later load={load} props={props} />;
  };

const TABS: readonly Tab[] = [
  { name: 'overview', title: 'Overview', part: Overview },
  { name: 'sensors', title: 'Sensors', part: Sensors },
  { name: 'sel', title: 'Event log', part: Sel },
  { name: 'console', title: 'Console', part: later(async () => (await import('./console.tsx')).Console) },
  {
    name: 'traffic',
    title: 'Traffic',
    part: later(async () => (await import('../traffic/traffic.tsx')).Traffic),
  },
  { name: 'faults', title: 'Faults', part: later(async () => (await import('./faults.tsx')).Faults) },
  { name: 'fru', title: 'FRU', part: Fru },
  { name: 'users', title: 'Users', part: Users },
  { name: 'lan', title: 'LAN', part: Lan },
  { name: 'pef', title: 'PEF', part: later(async () => (await import('./pef.tsx')).Pef) },
  { name: 'firmware', title: 'Firmware', part: Firmware },
  { name: 'watchdog', title: 'Watchdog', part: Watchdog },
];

interface Props {
  readonly api: Api;
  readonly bmc: string;
  readonly tab: string;
}

export function BmcPage({ api, bmc, tab }: Props) {
  const [row, setRow] = useState<BmcRow>();
  const [sensors, setSensors] = useState<readonly SensorState[]>();
  const [happened, setHappened] = useState<Readonly<Record<string, number>>>({});
  const [latest, setLatest] = useState('');
  const hearers = useRef(new Set<(name: string, value: Heard) => void>());
  const current = TABS.find(({ name }) => name === tab) ?? TABS[0];
  const hear = (name: string, value: Heard): void => {
    for (const one of hearers.current) one(name, value);
    if (name === 'row') setRow(value.gone ? undefined : (value as { readonly name: string } as BmcRow));
    else if (name === 'sensors') setSensors(value.sensors as SensorState[]);
    else if (name !== 'request') {
      setHappened((before) => ({ ...before, [name]: (before[name] ?? 0) + 1 }));
      if (typeof value.text === 'string') setLatest(value.text);
    }
  };
  const wants = `${current.name === 'traffic' ? '&requests=true' : ''}&sensors=true`;
  const state = useStream(`/v1/watch?bmc=${encodeURIComponent(bmc)}${wants}`, hear);
  const listen: TabProps['listen'] = (one) => {
    hearers.current.add(one);
    return () => hearers.current.delete(one);
  };
  const chosen = useRef<HTMLAnchorElement>(null);
  useEffect(() => chosen.current?.scrollIntoView({ block: 'nearest', inline: 'center' }), [current.name]);
  const Part = current.part;
  return (
    <>
      <div class="bar">
        <h1>{bmc}</h1>
        {row && (
          <>
            <State of={row.state === 'running' ? row.power : row.state} />
            <span>
              Health <State of={row.health} />
            </span>
          </>
        )}
        <Connection state={state} />
        <span class="hint latest" aria-live="polite">
          {latest}
        </span>
      </div>
      <nav class="tabs" aria-label={`Parts of ${bmc}`}>
        {TABS.map(({ name, title }) => (
          <a
            key={name}
            href={linkTo(bmc, name)}
            aria-current={name === current.name ? 'page' : undefined}
            ref={name === current.name ? chosen : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <section aria-label={current.title}>
        <Part
          key={current.name}
          api={api}
          bmc={bmc}
          row={row}
          sensors={sensors}
          happened={happened}
          listen={listen}
        />
      </section>
    </>
  );
}
