import type { LanChannelState } from 'ipmi-bmc/control';
import { pathOf } from '../api.ts';
import { useAnswer } from '../parts/hooks.ts';
import { Problem } from '../parts/layout.tsx';
import { Parameters } from '../parts/parameters.tsx';
import type { TabProps } from './tab.ts';

export function Lan({ api, bmc }: TabProps) {
  const { value, problem } = useAnswer<{ channels: LanChannelState[] }>(api, pathOf(bmc, '/lan'));
  return (
    <>
      <Problem of={problem} />
      {value?.channels.length === 0 && <p>It has no LAN.</p>}
      {value?.channels.map(({ channel, parameters }) => (
        <Parameters
          key={channel}
          title={`LAN configuration parameters of channel ${channel}`}
          of={parameters}
        />
      ))}
    </>
  );
}
