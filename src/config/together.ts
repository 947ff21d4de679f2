import type { SettingsPath } from '../settings/errors.ts';
import { backendKind } from '../kinds/backends/index.ts';
import { consoleKind } from '../kinds/consoles/index.ts';
import { placesOf } from '../kinds/interfaces/index.ts';
import type { TakenPlace } from '../kinds/kind.ts';
import { parseUdpPlace } from '../world/endpoint-forms.ts';
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

const BY_PREFIX =
  ': addresses of a prefix have their port on all addresses of the machine (a single one beside them: ADDRESS/32)';

interface Owner {
  readonly bmc: number;
  /** It is an address of a prefix: others of it are at the same port. */
  readonly isShared: boolean;
}

/** Who has a port of an address, or a path. */
class Owners {
  readonly #places = new Map<string, { readonly hosts: Map<string, Owner>; every?: Owner; shared?: Owner }>();

  /** The owner that is in its way; undefined: there was none, and the place is taken now. */
  take(key: string, host: string, owner: Owner): Owner | undefined {
    const known = this.#places.get(key) ?? { hosts: new Map<string, Owner>() };
    this.#places.set(key, known);
    const { hosts, every, shared } = known;
    const isEvery = WILDCARDS.includes(host);
    const name = isEvery ? '*' : isLoopback(host) ? 'loopback' : host;
    const [first] = hosts.values();
    const other =
      hosts.get(name) ??
      every ??
      (isEvery || (owner.isShared && shared === undefined) ? first : undefined) ??
      (owner.isShared ? undefined : shared);
    if (other !== undefined) return other;
    hosts.set(name, owner);
    if (isEvery) known.every = owner;
    if (owner.isShared) known.shared ??= owner;
    return undefined;
  }
}

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
 * come from there. A step a BMC.
 */
export function* problemsTogether(
  bmcs: readonly BmcOptions[],
  { absolute, kept, kinds }: Together,
): Generator<undefined, SettingsProblem[]> {
  if (bmcs.every((bmc) => Object.keys(bmc).length === 0))
    return [{ bmc: 0, path: [], message: 'there is nothing in it' }];
  const problems: SettingsProblem[] = [];
  const owners = new Owners();
  for (const [bmc, options] of bmcs.entries()) {
    yield;
    for (const { path, what, place } of takenBy(options, absolute, kinds)) {
      const isPort = what.endsWith('port');
      const { host, port, isShared } = isPort ? cut(place) : { host: place, port: '', isShared: false };
      if (isPort && port === ANY_PORT) continue;
      const other = owners.take(isPort ? `${what} ${port}` : what, host, { bmc, isShared });
      if (other === undefined) continue;
      const hint = other.isShared === isShared ? '' : BY_PREFIX;
      problems.push({
        bmc,
        path,
        message: `${what} ${place} is taken${ofWhom(other.bmc, bmc, bmcs)}${hint}`,
      });
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
  /** With others of its prefix it has one socket: whoever has another one of that key is in its way. */
  readonly isShared?: boolean;
}

/** The places of this machine that a BMC with these settings has, without ports that the system chooses. */
export function placesTaken(
  options: BmcOptions,
  absolute: (path: string) => string,
  kinds: Kinds = OUR_KINDS,
): Place[] {
  return takenBy(options, absolute, kinds).flatMap(({ what, place }) => {
    if (!what.endsWith('port')) return [{ key: `${what} ${place}`, host: '' }];
    const { host, port, isShared } = cut(place);
    if (port === ANY_PORT) return [];
    const at = WILDCARDS.includes(host) ? '*' : isLoopback(host) ? 'loopback' : host;
    return [{ key: `${what} ${port}`, host: at, isShared }];
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
    ...interfaces.flatMap((entry, i) => ofKind(placesOf(entry, kinds.interfaces), ['interfaces', i])),
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

function cut(place: string): { readonly host: string; readonly port: string; readonly isShared: boolean } {
  const at = place.lastIndexOf(':');
  const { host, prefix } = parseUdpPlace(place) ?? {};
  return {
    host: plainHost(prefix === undefined ? place.slice(0, at) : host?.includes(':') ? `[${host}]` : host),
    port: String(Number(place.slice(at + 1))),
    isShared: prefix !== undefined,
  };
}

/** One spelling of each address: of IPv6 there are many. */
function plainHost(host = ''): string {
  const [address, zone = ''] = host.toLowerCase().replace(/]$/, '').split('%');
  return address.startsWith('[') && URL.canParse(`http://${address}]`)
    ? `${new URL(`http://${address}]`).hostname}${zone}`
    : host.toLowerCase();
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '127.0.0.1';
