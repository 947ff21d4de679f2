import type { SettingsPath } from '../settings/errors.ts';
import { backendKind } from '../kinds/backends/index.ts';
import { consoleKind } from '../kinds/consoles/index.ts';
import { placesOf } from '../kinds/interfaces/index.ts';
import type { TakenPlace } from '../kinds/kind.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import type { BmcOptions } from './options.ts';

/** What is wrong with a setting, and whose it is. */
export interface SettingsProblem {
  readonly bmc: number;
  readonly path: SettingsPath;
  readonly message: string;
}

/** A place of this machine that one listener or opener at a time can have. */
interface Taken {
  readonly path: SettingsPath;
  readonly what: 'UDP port' | 'TCP port' | 'path' | 'ICMB address';
  readonly place: string;
}

const WILDCARDS = ['0.0.0.0', '[::]', '*'];
const ANY_PORT = '0';
/** The one who needs no name. */
const NULL_USER = 1;

/** What BMCs share that are looked at together. */
interface Together {
  readonly absolute: (path: string) => string;
  readonly kept: boolean;
  readonly kinds?: Kinds;
}

/**
 * What no BMC's settings show alone: two listeners at one place, a LAN that nobody can log in to, a file with
 * nothing in it.
 * `absolute` is where a relative path leads; `kept`: clients' changes outlive the process, so that users may
 * come from there.
 */
export function problemsTogether(
  bmcs: readonly BmcOptions[],
  { absolute, kept, kinds }: Together,
): SettingsProblem[] {
  if (bmcs.every((bmc) => Object.keys(bmc).length === 0))
    return [{ bmc: 0, path: [], message: 'there is nothing in it' }];
  const problems: SettingsProblem[] = [];
  const owners = new Map<string, { readonly bmc: number; readonly place: string }[]>();
  for (const [bmc, options] of bmcs.entries()) {
    for (const { path, what, place } of takenBy(options, absolute, kinds)) {
      const [host, port] = cut(place);
      const isPort = what.endsWith('port');
      if (isPort && port === ANY_PORT) continue;
      const key = isPort ? `${what} ${port}` : `${what} ${place}`;
      const others = owners.get(key) ?? [];
      owners.set(key, others);
      const other = others.find((one) => !isPort || overlap(cut(one.place)[0], host));
      if (other === undefined) others.push({ bmc, place });
      else problems.push({ bmc, path, message: `${what} ${place} is taken${ofWhom(other.bmc, bmc, bmcs)}` });
    }
    const lan = (options.interfaces ?? []).findIndex(({ type }) => type === 'lan');
    if (lan >= 0 && !kept && !hasUser(options) && !hasOtherWay(options))
      problems.push({
        bmc,
        path: ['interfaces', lan],
        message: 'nobody could log in: give it users with a name and a password',
      });
  }
  return problems;
}

/** What listens at a place: a port of an address, or a path, which has no host. */
export interface Place {
  /** Two with the same one are in each other's way, if their hosts are the same or one is `*`. */
  readonly key: string;
  /** `*`: all addresses of the machine. */
  readonly host: string;
}

/** The places of this machine that a BMC with these settings has, without ports that the system chooses. */
export function placesTaken(
  options: BmcOptions,
  absolute: (path: string) => string,
  kinds: Kinds = OUR_KINDS,
): Place[] {
  return takenBy(options, absolute, kinds).flatMap(({ what, place }) => {
    if (!what.endsWith('port')) return [{ key: `${what} ${place}`, host: '' }];
    const [host, port] = cut(place);
    if (port === ANY_PORT) return [];
    const at = WILDCARDS.includes(host) ? '*' : isLoopback(host) ? 'loopback' : host;
    return [{ key: `${what} ${port}`, host: at }];
  });
}

const ofWhom = (owner: number, bmc: number, bmcs: readonly BmcOptions[]): string =>
  owner === bmc ? ' by another setting' : ` by BMC '${bmcs[owner].name ?? 'bmc'}'`;

/** Nothing listens, and nothing hangs on a bus. */
export const isSilent = ({
  interfaces = [],
  sockets = {},
  sensorFeed,
  satellites = [],
}: BmcOptions): boolean =>
  interfaces.length + satellites.length === 0 && !(sockets.handlers ?? sockets.bt ?? sensorFeed);

const hasUser = ({ users = [] }: BmcOptions): boolean =>
  users.some(
    ({ id, name = '', password, enabled = true, privilege }) =>
      enabled && privilege !== 'none' && password !== undefined && (name !== '' || id === NULL_USER),
  );

/** Those who come by another way than LAN can make users; so can a program that answers commands itself. */
const hasOtherWay = ({ interfaces = [], sockets = {} }: BmcOptions): boolean =>
  interfaces.some(({ type }) => type !== 'lan') || sockets.handlers !== undefined || sockets.bt !== undefined;

function takenBy(options: BmcOptions, absolute: (path: string) => string, kinds: Kinds = OUR_KINDS): Taken[] {
  const {
    interfaces = [],
    sockets = {},
    sensorFeed,
    sol: { console } = {},
    firmware,
    chassis: { backend } = {},
  } = options;
  const stream = (place: string | undefined, path: SettingsPath): Taken[] =>
    place === undefined
      ? []
      : [
          place.includes('/')
            ? { path, what: 'path', place: absolute(place) }
            : { path, what: 'TCP port', place },
        ];
  const file = (place: string | undefined, path: SettingsPath): Taken[] =>
    place === undefined ? [] : [{ path, what: 'path', place: absolute(place) }];
  const ofKind = (places: readonly TakenPlace[] = [], path: SettingsPath): Taken[] =>
    places.flatMap(({ key, what, place }) => {
      const at = [...path, key];
      if (what === 'stream') return stream(place, at);
      if (what === 'path') return file(place, at);
      return place === undefined ? [] : [{ path: at, what, place }];
    });
  return [
    ...interfaces.flatMap((one, i) => ofKind(placesOf(one, kinds.interfaces), ['interfaces', i])),
    ...file(sockets.handlers?.path, ['sockets', 'handlers', 'path']),
    ...file(sockets.bt?.path, ['sockets', 'bt', 'path']),
    ...stream(sensorFeed?.listen, ['sensorFeed', 'listen']),
    ...(console ? ofKind(consoleKind(console, kinds.consoles).places?.(console), ['sol', 'console']) : []),
    ...(backend
      ? ofKind(backendKind(backend, kinds.backends).places?.(backend), ['chassis', 'backend'])
      : []),
    ...file(firmware?.directory, ['firmware', 'directory']),
    ...stream(firmware?.paths?.net, ['firmware', 'paths', 'net']),
    ...file(firmware?.paths?.window?.file, ['firmware', 'paths', 'window', 'file']),
  ];
}

function cut(place: string): readonly [host: string, port: string] {
  const at = place.lastIndexOf(':');
  return [plainHost(place.slice(0, at)), String(Number(place.slice(at + 1)))];
}

/** One spelling of each address: of IPv6 there are many. */
function plainHost(host: string): string {
  const [address, zone = ''] = host.toLowerCase().replace(/]$/, '').split('%');
  return address.startsWith('[') && URL.canParse(`http://${address}]`)
    ? `${new URL(`http://${address}]`).hostname}${zone}`
    : host.toLowerCase();
}

/** Two listeners cannot have one port of these addresses; one of all addresses has all ports. */
const overlap = (a: string, b: string): boolean =>
  a === b || WILDCARDS.includes(a) || WILDCARDS.includes(b) || (isLoopback(a) && isLoopback(b));

const isLoopback = (host: string): boolean => host === 'localhost' || host === '127.0.0.1';
