import type { Plan } from '../../fleet/index.ts';
import type { EventLog } from './event-log.ts';

/** An event for each BMC that a change of settings was about, if anybody has asked for events. */
export function tellPlan(events: EventLog | undefined, { added, removed, changed }: Plan): void {
  for (const name of added) events?.tell(name, 'fleet', 'added', { what: 'added' });
  for (const name of removed) events?.tell(name, 'fleet', 'removed', { what: 'removed' });
  for (const { name, how, keys } of changed) {
    const fields = { what: 'changed', how, keys: keys.map(({ key }) => key).join(' ') };
    events?.tell(name, 'fleet', `changed, ${how}: ${fields.keys}`, fields);
  }
}
