import type { BootFlags } from './machine.ts';
import type { ConsoleFlags } from './console.ts';
import type { FirmwareFlags, FruFlags } from './inventory.ts';
import type { Flags } from './flags.ts';
import { noun, type Noun } from './noun.ts';
import { number } from './numbers.ts';
import type { LanFlags } from './lan.ts';
import type { SelFlags } from './sel.ts';
import type { SensorFlags } from './sensor.ts';
import type { UserFlags } from './access.ts';

const machine = (): Promise<typeof import('./machine.ts')> => import('./machine.ts');
const inventory = (): Promise<typeof import('./inventory.ts')> => import('./inventory.ts');
const access = (): Promise<typeof import('./access.ts')> => import('./access.ts');

/** What one BMC and its machine do. */
export const MACHINE_NOUNS: readonly Noun[] = [
  noun({
    name: 'power',
    summary: 'whether a machine has power, and switching it',
    usage: '[bmc] [verb]',
    verbs: [
      ['status', 'whether it has power'],
      ['on', 'power up'],
      ['off', 'power down at once'],
      ['cycle', 'off, and on again'],
      ['reset', 'a hard reset'],
      ['soft', 'ask the operating system to shut down'],
      ['diag', 'a diagnostic interrupt (NMI)'],
    ],
    examples: ['ipmi-bmc power node-1', 'ipmi-bmc power node-1 reset'],
    act: async (words, flags) => (await import('./power.ts')).power(words, flags),
  }),
  noun<BootFlags>({
    name: 'boot',
    summary: 'what the next boot is to be',
    usage: '[bmc] [verb]',
    verbs: [
      ['show', 'what it is to be'],
      ['pxe', 'from the network'],
      ['disk', 'from the disk'],
      ['cdrom', 'from CD or DVD'],
      ['bios', 'into the set-up of the firmware'],
      ['none', 'as the firmware is set up'],
    ],
    options: (command) =>
      command
        .option('--persistent', 'all boots, not the next one alone')
        .option('--uefi', 'by UEFI')
        .option('--legacy', 'by the legacy BIOS (default)'),
    examples: ['ipmi-bmc boot node-1', 'ipmi-bmc boot node-1 pxe --uefi'],
    act: async (words, flags) => (await machine()).boot(words, flags),
  }),
  noun({
    name: 'chassis',
    summary: 'a chassis: power, why it started, faults, its buttons, and what follows a loss of mains',
    usage: '[bmc] [verb] [word]',
    verbs: [
      ['show', 'how it stands'],
      ['policy POLICY', 'when mains come back: always-on, previous or always-off'],
      ['press BUTTON', 'power, reset, nmi or sleep, of the front panel'],
    ],
    examples: ['ipmi-bmc chassis node-1', 'ipmi-bmc chassis node-1 policy always-on'],
    act: async (words, flags) => (await import('./chassis.ts')).chassis(words, flags),
  }),
  noun<Flags & { seconds?: number }>({
    name: 'identify',
    summary: 'the identify lamp of a machine',
    usage: '[bmc] [verb]',
    verbs: [
      ['on', 'until it is turned off, or for --seconds'],
      ['off', 'turn it off'],
    ],
    options: (command) => command.option('--seconds <count>', 'for so long', number(255, 1)),
    examples: ['ipmi-bmc identify node-1 --seconds 30'],
    act: async (words, flags) => (await machine()).identify(words, flags),
  }),
  noun({
    name: 'reset',
    summary: 'reset a BMC itself; its machine goes on',
    usage: '[bmc] [verb]',
    verbs: [
      ['cold', 'sessions end, it is silent for a while'],
      ['warm', 'without silence'],
    ],
    examples: ['ipmi-bmc reset node-1 warm'],
    act: async (words, flags) => (await machine()).reset(words, flags),
  }),
  noun<SensorFlags>({
    name: 'sensor',
    summary: 'sensors, and what they read',
    usage: '[bmc] [verb] [words]',
    verbs: [
      ['list', 'all sensors as they read now'],
      ['get SENSOR', 'one of them: by name, Name@entity or #number'],
      ['set SENSOR VALUE', 'have it read this, in its unit'],
      ['ramp SENSOR VALUE --over TIME', 'get there by and by'],
      ['unreadable SENSOR', 'have it read nothing'],
      ['unset SENSOR', 'have it read its source again'],
      ['history', 'what each has read, from when somebody first asked: an hour back'],
    ],
    options: (command) => command.option('--over <time>', 'how long a ramp takes, as 30s or 5m'),
    examples: ['ipmi-bmc sensor node-1', "ipmi-bmc sensor node-1 set 'CPU Temp' 96"],
    act: async (words, flags) => (await import('./sensor.ts')).sensor(words, flags),
  }),
  noun<SelFlags>({
    name: 'sel',
    summary: 'the system event log',
    usage: '[bmc] [verb] [words]',
    verbs: [
      ['list', 'all records in words, or the last ones'],
      ['add RECORD', '16 bytes as hex digits'],
      ['delete ID', 'one record'],
      ['clear', 'all of them'],
      ['export', 'as `ipmitool sel save` writes them, for sel: file: of settings'],
    ],
    options: (command) => command.option('--last <count>', 'the last so many', number(1000, 1)),
    examples: ['ipmi-bmc sel node-1 --last 20', 'ipmi-bmc sel node-1 export > node-1.sel'],
    act: async (words, flags) => (await import('./sel.ts')).sel(words, flags),
  }),
  noun<UserFlags>({
    name: 'user',
    summary: 'users; passwords go in and never out',
    usage: '[bmc] [verb] [id]',
    verbs: [
      ['list', 'users that have a name, a password or access'],
      ['set ID', 'change what the options say'],
    ],
    options: (command) =>
      command
        .option('--name <name>', 'its name')
        .option('--password-file <file>', 'its password is the first line of this file; - is standard input')
        .option('--privilege <level>', 'callback, user, operator, administrator, oem or none')
        .option('--channel <number>', 'with --privilege: on this channel (default: all)', number(15))
        .option('--enable', 'let it log in')
        .option('--disable', 'do not'),
    examples: [
      'ipmi-bmc user node-1',
      'ipmi-bmc user node-1 set 5 --name kim --password-file pw --privilege operator --enable',
    ],
    act: async (words, flags) => (await access()).user(words, flags),
  }),
  noun({
    name: 'session',
    summary: 'sessions that are open',
    usage: '[bmc] [verb] [id]',
    verbs: [
      ['list', 'who is logged in, from where'],
      ['close ID', 'end one'],
    ],
    examples: ['ipmi-bmc session node-1', 'ipmi-bmc session node-1 close 3'],
    act: async (words, flags) => (await access()).session(words, flags),
  }),
  noun<ConsoleFlags>({
    name: 'console',
    summary: "the serial console of a BMC's machine; ~. at the beginning of a line leaves it, ~? helps",
    usage: '[bmc] [verb] [text]',
    verbs: [
      ['attach', 'join this terminal, or a pipe, to it'],
      ['history', 'the last that the machine has said'],
      ['write TEXT', 'type a text; \\r, \\n, \\t, \\e and \\xHH stand for their characters'],
      ['break', 'send a serial break'],
    ],
    options: (command) => command.option('--history', 'what the machine has said before comes first'),
    examples: ['ipmi-bmc console node-1', "printf 'root\\n' | ipmi-bmc console node-1"],
    act: async (words, flags) => (await import('./console.ts')).console(words, flags),
  }),
  noun<FruFlags>({
    name: 'fru',
    summary: 'what a machine consists of (FRU inventory)',
    usage: '[bmc] [verb] [id] [file]',
    verbs: [
      ['list', 'the devices'],
      ['show ID', 'the fields of one'],
      ['image ID', 'its bytes'],
      ['write ID FILE', 'put the bytes of a file there, from --offset on; - is standard input'],
    ],
    options: (command) =>
      command.option('--offset <bytes>', 'where the first byte goes (default: 0)', number(0xffff)),
    examples: ['ipmi-bmc fru node-1', 'ipmi-bmc fru node-1 show 0'],
    act: async (words, flags) => (await inventory()).fru(words, flags),
  }),
  noun({
    name: 'sdr',
    summary: 'the records of the SDR repository, which tell clients what sensors and devices there are',
    usage: '[bmc] [verb] [words]',
    verbs: [
      ['list', 'all records'],
      ['show ID', 'one of them with its fields'],
      ['add RECORD', 'its bytes as hex digits; it gets an id of its own'],
      ['delete ID', 'one record'],
      ['clear', 'all of them'],
    ],
    examples: ['ipmi-bmc sdr node-1', 'ipmi-bmc sdr node-1 show 1'],
    act: async (words, flags) => (await import('./sdr.ts')).sdr(words, flags),
  }),
  noun<LanFlags>({
    name: 'lan',
    summary: 'LAN configuration parameters: addresses, alert destinations and the others',
    usage: '[bmc] [verb] [words]',
    verbs: [
      ['list', 'all that can be read'],
      ['get PARAMETER', 'one, by its number or name'],
      ['set PARAMETER VALUE', 'set one that has one field'],
      ['set PARAMETER FIELD=VALUE ...', 'set fields; the others stay as they are'],
    ],
    options: (command) =>
      command
        .option('--channel <number>', 'of which channel (default: the only LAN that there is)', number(15))
        .option('--set <number>', 'of a parameter that has several: which (default: the first)', number(255)),
    examples: ['ipmi-bmc lan node-1', 'ipmi-bmc lan node-1 set ip-address 192.0.2.17'],
    act: async (words, flags) => (await import('./lan.ts')).lan(words, flags),
  }),
  noun({
    name: 'pef',
    summary: 'what platform event filtering is set to',
    examples: ['ipmi-bmc pef node-1'],
    act: async (words, flags) => (await import('./lan.ts')).pef(words, flags),
  }),
  noun<FirmwareFlags>({
    name: 'firmware',
    summary: 'firmware of the components, and putting another one there',
    usage: '[bmc] [verb] [file]',
    verbs: [
      ['list', 'components with their versions'],
      ['upload FILE', 'put an image there, for --component'],
      ['activate', 'what waits becomes active'],
      ['rollback', 'what was active before is again'],
      ['abort', 'end the upload that is under way'],
    ],
    options: (command) =>
      command
        .option('--component <id>', 'of which component', number(7))
        .option('--takeover', 'even while somebody else uploads'),
    examples: ['ipmi-bmc firmware node-1', 'ipmi-bmc firmware node-1 upload bmc.bin --component 1'],
    act: async (words, flags) => (await inventory()).firmware(words, flags),
  }),
  noun({
    name: 'watchdog',
    summary: 'the watchdog timer of the system software',
    usage: '[bmc] [verb]',
    verbs: [
      ['show', 'whether it runs, what for, how long yet and what it does then'],
      ['stop', 'stop it'],
    ],
    examples: ['ipmi-bmc watchdog node-1', 'ipmi-bmc watchdog node-1 stop'],
    act: async (words, flags) => (await machine()).watchdog(words, flags),
  }),
  noun({
    name: 'counters',
    summary: 'what a BMC has counted; with -o wide also what is 0',
    examples: ['ipmi-bmc counters node-1'],
    act: async (words, flags) => (await machine()).counters(words, flags),
  }),
];
