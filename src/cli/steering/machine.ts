import type { BootState, CounterRow, HandlerRow, WatchdogState } from '../../control/answers.ts';
import { CliError } from '../errors.ts';
import { bmcNamed, daemonOf, pathOf, queryOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { facts, table, tell, type Column } from './tell.ts';
import { only, wordsOf } from './words.ts';

export interface BootFlags extends Flags {
  readonly persistent?: boolean;
  readonly uefi?: boolean;
  readonly legacy?: boolean;
}

/** What people call what the specification calls otherwise. */
const DEVICES: Readonly<Record<string, string>> = { bios: 'bios-setup', cd: 'cdrom', network: 'pxe' };
export const BOOT_VERBS = [
  'show',
  'none',
  'pxe',
  'disk',
  'cdrom',
  'bios',
  'bios-setup',
  'cd',
  'network',
  'disk-safe-mode',
  'diagnostic-partition',
  'remote-floppy',
  'remote-cdrom',
  'remote-media',
  'remote-disk',
  'floppy',
] as const;

/** What the next boot is to be. */
export async function boot(words: readonly string[], flags: BootFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, BOOT_VERBS, 'show');
  only(rest, []);
  const { persistent = false, uefi = false, legacy = false } = flags;
  if (uefi && legacy) throw new CliError('--uefi or --legacy, not both');
  if (verb === 'show' && (persistent || uefi || legacy))
    throw new CliError('what is to be booted? pxe, disk ...');
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/boot');
  const state = await (verb === 'show'
    ? control.get<BootState>(path)
    : control.put<BootState>(path, { device: DEVICES[verb] ?? verb, persistent, efi: uefi }));
  await tell(flags, { bmc: name, ...state }, () => `${name}: ${bootText(state)}`);
}

const bootText = ({ device, persistent, efi, valid }: BootState): string =>
  valid
    ? `boots ${device}${persistent ? ', always' : ', once'}, ${efi ? 'UEFI' : 'legacy'}`
    : 'boots as its firmware is set up';

export interface HandlerFlags extends Flags {
  readonly owner?: string;
  readonly name?: string;
}

const HANDLERS: readonly Column<HandlerRow>[] = [
  { name: 'KEY', of: ({ key }) => key },
  { name: 'COMMAND', of: ({ name }) => name },
  { name: 'OWNER', of: ({ owner }) => owner },
  { name: 'PRIVILEGE', of: ({ privilege }) => privilege },
  { name: 'OVERRIDES', of: ({ overrides }) => overrides },
  { name: 'CHANNEL', wide: true, of: ({ channel }) => channel },
  { name: 'REGISTERED', wide: true, of: ({ registered }) => registered },
];

/** What a BMC that runs answers, by whom. */
export async function runningHandlers(bmc: string | undefined, flags: HandlerFlags): Promise<void> {
  const control = daemonOf(flags);
  const { owner, name } = flags;
  const path = pathOf(await bmcNamed(control, bmc), `/handlers${queryOf({ owner, name })}`);
  const found = await control.get<{ handlers: HandlerRow[] }>(path);
  await tell(flags, found, () => table(HANDLERS, found.handlers, flags));
}

/** What a BMC has counted. */
export async function counters(words: readonly string[], flags: Flags): Promise<void> {
  const [bmc] = only(words, ['[bmc]']);
  const control = daemonOf(flags);
  const found = await control.get<{ groups: CounterRow[] }>(
    pathOf(await bmcNamed(control, bmc), '/counters'),
  );
  const isAll = flags.output === 'wide';
  await tell(flags, found, () =>
    facts(
      found.groups.flatMap(({ name, counters: counted }) =>
        Object.entries(counted)
          .filter(([, count]) => isAll || count > 0)
          .map(([counter, count]) => [`${name} ${counter}`, count] as const),
      ),
    ),
  );
}

export const IDENTIFY_VERBS = ['on', 'off'] as const;

/** The identify lamp. */
export async function identify(words: readonly string[], flags: Flags & { seconds?: number }): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, IDENTIFY_VERBS, 'on');
  only(rest, []);
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const { seconds } = flags;
  const wanted = verb === 'off' ? { seconds: 0 } : seconds === undefined ? { force: true } : { seconds };
  const lamp = await control.post<{ identify: string }>(pathOf(name, '/identify'), wanted);
  await tell(flags, { bmc: name, ...lamp }, () => `${name}: the lamp is ${lamp.identify}`);
}

export const RESET_VERBS = ['cold', 'warm'] as const;

/** Resets the BMC itself. */
export async function reset(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, RESET_VERBS, 'cold');
  only(rest, []);
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  await control.post(pathOf(name, '/reset'), { kind: verb });
  await tell(flags, { bmc: name, reset: verb }, () => `${name}: ${verb} reset of the BMC`);
}

export const WATCHDOG_VERBS = ['show', 'stop'] as const;

/** Timer uses (IPMI 2.0 §27.6) by their numbers. */
const USES = ['none', 'BIOS FRB2', 'BIOS/POST', 'OS load', 'SMS/OS', 'OEM'];
const useOf = (use: number): string => USES[use] ?? `use ${use}`;

/** The watchdog timer of the system software. */
export async function watchdog(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, WATCHDOG_VERBS, 'show');
  only(rest, []);
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/watchdog');
  if (verb === 'stop') {
    await control.delete(path);
    return tell(flags, { bmc: name, stopped: true }, () => `${name}: the watchdog is stopped`);
  }
  const timer = await control.get<WatchdogState>(path);
  return tell(flags, { bmc: name, ...timer }, () =>
    facts([
      ['Watchdog', timer.running ? 'runs' : 'stopped'],
      ['Use', useOf(timer.use)],
      ['Action', timer.action],
      ['Left', `${timer.presentCountdown} s of ${timer.initialCountdown} s`],
      ['Pre-timeout', timer.preTimeout === 0 ? undefined : `${timer.preTimeout} s`],
      ['Ran out', timer.expired.map(useOf)],
    ]),
  );
}
