import { Bmc, type BmcOptions } from '../../src/bmc.ts';
import { connectLan, LogInError, type LanOptions } from '../../src/client/index.ts';
import type { Log, LogFields } from '../../src/state/setup.ts';
import type { Journal } from '../../src/state/store.ts';
import { simWorld, type SimOptions, type SimWorld } from '../../src/world/index.ts';
import { RawLogIn, type RawLogInOptions } from './raw-log-in.ts';

export const SERVER = { host: '10.0.0.1', port: 623 };

export const LAN_SETTINGS = {
  type: 'lan',
  listen: '10.0.0.1:623',
  cipherSuites: [1, 3, 17],
  authTypes: ['none', 'md5', 'password'],
} as const;

export interface LogInNet {
  readonly world: SimWorld;
  readonly bmc: Bmc;
  /** Every line of the log since it is open, with its level and fields. */
  readonly lines: { readonly level: string; readonly message: string; readonly fields?: LogFields }[];
  /** A log-in by hand from an address of its own. */
  readonly by: (options?: RawLogInOptions, host?: string) => Promise<RawLogIn>;
  /** A whole log-in by our client: 'in', or the status that refused it. It stays in. */
  readonly logIn: (options?: Partial<LanOptions>) => Promise<unknown>;
}

/** A BMC with a LAN interface in a simulated world, and consoles for it. */
export async function logInNet(
  options: BmcOptions = {},
  { journal, weather, seed = 1 }: { journal?: Journal; weather?: SimOptions; seed?: number } = {},
): Promise<LogInNet> {
  const world = simWorld(seed, weather);
  const lines: { level: string; message: string; fields?: LogFields }[] = [];
  const at =
    (level: string) =>
    (message: string, fields?: LogFields): void =>
      void lines.push({ level, message, fields });
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: (message) => void lines.push({ level: 'error', message }),
  };
  const bmc = new Bmc(
    {
      interfaces: [LAN_SETTINGS],
      users: [
        { id: 2, name: 'admin', password: 'AdminPass123' },
        { id: 3, name: 'user', password: 'UserPass123', privilege: 'user' },
      ],
      sel: { bootEvents: false },
      ...options,
    },
    { world, log, journal },
  );
  await bmc.open();
  lines.length = 0;
  return {
    world,
    bmc,
    lines,
    by: (more = {}, host = '10.0.0.2') => RawLogIn.from(world, host, SERVER, more),
    logIn: (more = {}) =>
      world.until(
        connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123', ...more })
          .then(() => 'in')
          .catch((error: unknown) => (error instanceof LogInError ? error.status : error)),
      ),
  };
}
