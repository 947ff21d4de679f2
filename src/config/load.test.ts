import { expect, test } from 'vitest';
import { backends } from '../kinds/backends/index.ts';
import { interfaces } from '../kinds/interfaces/index.ts';
import { parseConfig } from './index.ts';

/** As messages name the types of kinds. */
const typesOf = (kinds: readonly { readonly type: string }[]): string =>
  kinds.map(({ type }) => `"${type}"`).join('|');
const KINDS = typesOf(interfaces);

test.each([
  ['{ type: lam }', '2:13 interfaces.0.type: expected one of KINDS, received "lam"'],
  ['{ listen: 127.0.0.1:623 }', '2:5 interfaces.0.type: expected one of KINDS, received nothing'],
  ['{ type: lan, lisen: 127.0.0.1:623 }', '2:18 interfaces.0.lisen: unknown key; did you mean listen?'],
  [
    '{ type: lan, listen: 127.0.0.1:70000 }',
    '2:26 interfaces.0.listen: expected a port of 0 to 65535, received "127.0.0.1:70000"',
  ],
  [
    '{ type: lan, cipherSuites: [4] }',
    '2:33 interfaces.0.cipherSuites.0: expected one of 0|1|2|3|6|7|8|11|12|15|16|17, received 4',
  ],
  [
    '{ type: lan, address: 300.1.1.1 }',
    '2:27 interfaces.0.address: expected an IPv4 address, received "300.1.1.1"',
  ],
  ['{ type: lan, kg: 12 }', '2:22 interfaces.0.kg: expected string (write it in quotes)'],
  [
    '{ type: vm, interface: smic, listen: ./x }',
    '2:28 interfaces.0.interface: expected one of "bt"|"kcs"|"ssif", received "smic"',
  ],
  ['{ type: vm, listen: ./x, conect: ./y }', '2:30 interfaces.0.conect: unknown key; did you mean connect?'],
  ['{ type: ipmb, adress: 0x82 }', '2:19 interfaces.0.adress: unknown key; did you mean address?'],
  [
    '{ type: ipmb, address: 0x21 }',
    '2:28 interfaces.0.address: expected an even slave address, 0x10 to 0xee, received 33',
  ],
  ['{ type: ipmb, faults: { los: 1 } }', '2:29 interfaces.0.faults.los: unknown key; did you mean loss?'],
  ['{ type: icmb, address: 0 }', '2:28 interfaces.0.address: expected number to be >=1, received 0'],
  [
    '{ type: serial, tty: /dev/x, baud: 300 }',
    '2:40 interfaces.0.baud: expected one of 9600|19200|38400|57600|115200, received 300',
  ],
  ['{ type: serial, tty: /dev/x, mode: basic }', '2:34 interfaces.0.mode: unknown key; did you mean modes?'],
  [
    '{ type: bt, node: /dev/x }',
    '2:17 interfaces.0.node: unknown key; expected one of type, channel, device',
  ],
  ['{ type: kcs }', '2:5 interfaces.0.device: expected string, received nothing'],
  ['{ type: ssif, channel: 12 }', '2:28 interfaces.0.channel: expected number to be <=11, received 12'],
])('interfaces: [%s]', (entry, problem) => {
  expect(() => parseConfig(`interfaces:\n  - ${entry}\n`, 'f')).toThrow(
    new RegExp(`^f:${escaped(problem.replace('KINDS', KINDS))}$`),
  );
});

test.each([
  ['users: [{ id: 2 }, { id: 2 }]', '1:26 users.1.id: expected one that no other entry has, received 2'],
  ['chassis: { backend: { type: kvm } }', `expected one of ${typesOf(backends)}, received "kvm"`],
  [
    'chassis: { backend: { type: command, on: [3], off: x } }',
    '1:43 chassis.backend.on.0: expected string, received 3 (write it in quotes)',
  ],
  [
    'firewall: [{ channel: wifi }]',
    '1:23 firewall.0.channel: expected number, or one of "host"|"lan"|"all", received "wifi"',
  ],
  [
    'satellites: [{ address: 0x82, sensor: [] }]',
    '1:31 satellites.0.sensor: unknown key; did you mean sensors?',
  ],
  ['sol: { console: { type: tty, pat: /dev/x } }', '1:30 sol.console.pat: unknown key; did you mean path?'],
  [
    'sensorFeed: { listen: x }',
    '1:23 sensorFeed.listen: expected host:port or a path with a /, received "x"',
  ],
  [
    'sol: { console: { type: socket, connect: x } }',
    '1:42 sol.console.connect: expected host:port or a path with a /, received "x"',
  ],
  [
    'firmware: { components: [{ id: 0, name: a }], paths: { net: x } }',
    '1:61 firmware.paths.net: expected host:port or a path with a /, received "x"',
  ],
  [
    "identity: { firmware: '128.00' }",
    '1:23 identity.firmware: expected "major.minor", major 0..127, minor 0..99 (write it in quotes), received "128.00"',
  ],
  [
    'identity: { firmware: 2.04 }',
    '1:23 identity.firmware: expected string, received 2.04 (write it in quotes)',
  ],
])('%s', (text, problem) => {
  expect(() => parseConfig(text, 'f')).toThrow(problem);
});

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
