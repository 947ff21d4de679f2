import type { Bmc } from '../../bmc.ts';
import { Privilege } from '../../commands/command.ts';
import { selLine } from '../sel-text.ts';
import { endpointName } from '../../world/world.ts';
import type { Told } from './kinds.ts';

const LEVELS: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Privilege).map(([name, level]) => [level, name.toLowerCase()]),
);
const peerOf = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  endpointName({ host: address, port });

/** Tells what happens to a BMC, requests apart. Returns its undoing. */
export function tellOf(bmc: Bmc, tell: Told): () => void {
  const undoings = [...ofMachine(bmc, tell), ...ofSessions(bmc, tell), ...ofLogs(bmc, tell)];
  undoings.push(
    bmc.setup.happened.add(({ kind, text, fields }) => tell(kind, text, fields)),
    bmc.taps.add({
      fault: ({ rule, count, layer, what }) => tell('fault', `${rule}: ${what}`, { rule, count, layer }),
    }),
  );
  return () => {
    for (const undo of undoings.splice(0)) undo();
  };
}

function ofMachine({ chassis, life }: Bmc, tell: Told): (() => void)[] {
  return [
    chassis.onPower(({ on, action, cause, changed, starts, loss }) => {
      const power = on ? 'on' : 'off';
      tell('power', changed ? `power ${power}` : `power ${action}`, { power, action, cause, changed, loss });
      if (starts) tell('boot', 'the machine boots', { cause, action });
    }),
    life.onReset((phase, kind) => tell('reset', `${kind} reset: ${phase}`, { phase, reset: kind })),
  ];
}

function ofSessions({ sessions, logIns }: Bmc, tell: Told): (() => void)[] {
  return [
    sessions.onOpen(({ handle, userId, userName, peer, channel, maxPrivilege, suite }) =>
      tell('session', `log-in of '${userName}'`, {
        what: 'opened',
        handle,
        user: userName,
        userId,
        peer: peerOf(peer),
        channel: channel.number,
        privilege: LEVELS[maxPrivilege],
        suite,
      }),
    ),
    sessions.onClose(({ handle, userId, userName, peer, channel }, reason) => {
      // A challenge that came to nothing was no session.
      if (handle === 0) return;
      tell('session', `log-out of '${userName}': ${reason}`, {
        what: 'closed',
        reason,
        handle,
        user: userName,
        userId,
        peer: peerOf(peer),
        channel: channel.number,
      });
    }),
    logIns.onRefused(({ channel, peer, name, problem, step }) =>
      tell('login-refused', `log-in refused: ${problem}`, {
        reason: problem,
        user: name,
        peer: peerOf(peer),
        channel,
        step,
      }),
    ),
  ];
}

function ofLogs(bmc: Bmc, tell: Told): (() => void)[] {
  const { sel, events, sensors, identity } = bmc;
  return [
    sel.onAdded((id, record) => {
      const line = selLine(bmc, id, record);
      tell('sel', line.text, { record: id, type: line.type, sensor: line.sensor, raw: line.raw });
    }),
    sel.onClear(() => tell('sel', 'the log is cleared', { what: 'cleared' })),
    events.onLogged(({ generator, generatorLun = 0, sensorNumber, deassertion }, record) => {
      const sensor = generator === identity.address ? sensors.find(sensorNumber, generatorLun) : undefined;
      if (!sensor || record === 0) return;
      const text = selLine(bmc, record, sel.get(record).record).text;
      const value = sensor.isThreshold && !sensor.declaration.eventOnly ? sensor.value : undefined;
      tell('sensor', text, { sensor: sensors.nameOf(sensor), asserted: !deassertion, value, record });
    }),
  ];
}
