import type { BmcList, BmcRow, BmcWhole } from '../../control/answers.ts';
import type { ControlClient } from '../../control/client.ts';
import { green, red, yellow } from '../colors.ts';
import { bmcNamed, daemonOf, pathOf, queryOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { facts, table, tell, type Column } from './tell.ts';

export interface ListFlags extends Flags {
  readonly selector?: string;
  readonly power?: string;
  readonly health?: string;
  readonly machine?: string;
  readonly state?: string;
  readonly origin?: string;
}

/** BMCs of one answer. */
const PAGE = 500;

const HEALTH_COLOURS: Readonly<Record<string, (text: string) => string>> = {
  ok: green,
  warning: yellow,
  critical: red,
  failed: red,
  stopped: yellow,
};
const inColour = (text: string): string => HEALTH_COLOURS[text]?.(text) ?? text;
const ofPower = (text: string): string => (text === 'on' ? green(text) : text);

const addressesOf = ({ addresses }: BmcRow): string =>
  addresses.map(({ type, address }) => `${type}:${address}`).join(' ');
const lanOf = ({ addresses }: BmcRow): string | undefined =>
  (addresses.find(({ type }) => type === 'lan') ?? addresses.at(0))?.address;
const labelsOf = ({ labels }: BmcRow): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

const COLUMNS: readonly Column<BmcRow>[] = [
  { name: 'NAME', of: ({ name }) => name },
  { name: 'STATE', of: ({ state }) => state, colour: inColour },
  { name: 'POWER', of: ({ power }) => power, colour: ofPower },
  { name: 'MACHINE', of: ({ machine }) => machine },
  { name: 'HEALTH', of: ({ health }) => health, colour: inColour },
  { name: 'SESSIONS', right: true, of: ({ sessions }) => sessions },
  { name: 'LAN', of: lanOf },
  { name: 'ORIGIN', wide: true, of: ({ origin }) => origin },
  { name: 'ADDRESSES', wide: true, of: addressesOf },
  { name: 'LABELS', wide: true, of: labelsOf },
];

/** Where there is one. */
const PROBLEM: Column<BmcRow> = { name: 'PROBLEM', of: ({ problem }) => problem };

/** BMCs that fit: by a part of the name, or a pattern with `*`, and by flags. */
export async function list(pattern: string | undefined, flags: ListFlags): Promise<void> {
  const { selector, power, health, machine, state, origin } = flags;
  const wanted = { filter: pattern, label: selector, power, health, machine, state, origin };
  const bmcs = await allBmcs(daemonOf(flags), wanted);
  const isWrong = bmcs.some(({ problem }) => problem !== undefined);
  await tell(flags, { bmcs }, () => table(isWrong ? [...COLUMNS, PROBLEM] : COLUMNS, bmcs, flags));
}

/** Every page. */
export async function allBmcs(
  control: ControlClient,
  wanted: Readonly<Record<string, string | undefined>> = {},
): Promise<BmcRow[]> {
  const all: BmcRow[] = [];
  let cursor: string | undefined;
  do {
    const page: BmcList = await control.get(`/v1/bmcs${queryOf({ ...wanted, limit: PAGE, cursor })}`);
    all.push(...page.bmcs);
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}

/** One BMC whole. */
export async function show(name: string | undefined, flags: Flags): Promise<void> {
  const control = daemonOf(flags);
  const bmc = await control.get<BmcWhole>(pathOf(await bmcNamed(control, name)));
  const { sel, addresses } = bmc;
  await tell(flags, bmc, () =>
    facts([
      ['Name', bmc.name],
      ['State', bmc.state],
      ['Origin', bmc.origin],
      ['Power', ofPower(bmc.power)],
      ['Machine', bmc.machine],
      ['Health', inColour(bmc.health)],
      ['Sessions', bmc.sessions],
      ...addresses.map(
        ({ type, channel, address }) =>
          [`Interface ${type}`, `${address}${channel === undefined ? '' : ` (channel ${channel})`}`] as const,
      ),
      ['Labels', labelsOf(bmc)],
      ['Firmware', bmc.firmware],
      ['Manufacturer, product', `${bmc.manufacturerId}, ${bmc.productId}`],
      ['Device GUID', bmc.deviceGuid],
      ['System GUID', bmc.systemGuid],
      ['Sensors', bmc.sensors],
      ['SEL', `${sel.entries} of ${sel.capacity} entries${sel.overflow ? ', overflowed' : ''}`],
      ['Satellites', bmc.satellites.join(', ')],
      ['Resetting', bmc.dark ? 'yes: it is silent' : undefined],
    ]),
  );
}
