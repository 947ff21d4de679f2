import { describe, expect, test } from 'vitest';
import { HOST, LAN } from '../../test/support/bmc.ts';
import { Bmc } from '../bmc.ts';
import { fromLatin1 } from '../codec/index.ts';
import { MasterWriteRead, SendMessage } from '../commands/app/bridging.ts';
import { SetUserPassword } from '../commands/app/users.ts';
import { BridgeRequest, InboundRequest, OutboundRequest } from '../commands/bridge/icmb.ts';
import { Privilege, type Command } from '../commands/command.ts';
import { GetSystemBootOptions } from '../commands/chassis/boot-options.ts';
import { SetDcmiConfigurationParameters } from '../commands/dcmi/dcmi.ts';
import { GetLanConfigurationParameters, SetLanConfigurationParameters } from '../commands/transport/lan.ts';
import { SetSerialModemConfiguration } from '../commands/transport/serial.ts';
import type { BmcState } from '../bmc-state.ts';
import { buildMessage } from '../wire/index.ts';
import { simWorld } from '../world/index.ts';
import { Context, handleRaw } from '../router/index.ts';
import { trace } from './index.ts';

const PASSWORD = 'hunter2hunter2hu';
const inHex = (text: string): string =>
  Array.from(fromLatin1(text, 16), (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(' ');
const data = SetUserPassword.request.encode({
  twentyBytes: false,
  userId: 2,
  operation: 2,
  password: fromLatin1(PASSWORD, 16),
});
const { netFn, cmd } = SetUserPassword;
const frame = (to: number, inner: Uint8Array = data, of: Command = SetUserPassword): Uint8Array =>
  buildMessage({ to, toLun: 0, netFn: of.netFn, from: 0x20, fromLun: 0, seq: 1, cmd: of.cmd, data: inner });
const sent = (message: Uint8Array, channel = 0): Uint8Array =>
  SendMessage.request.encode({ channel, tracking: 1, encrypted: false, authenticated: false, message });
const written = (message: Uint8Array): Uint8Array =>
  MasterWriteRead.request.encode({
    channel: 0,
    bus: 0,
    privateBus: false,
    slaveAddress: message[0],
    readCount: 0,
    data: message.subarray(1),
  });
const parameter = (number: number): Uint8Array =>
  SetSerialModemConfiguration.request.encode({
    channel: 2,
    parameter: number,
    data: Uint8Array.of(1, ...fromLatin1(PASSWORD, 16)),
  });
const outbound = (): Uint8Array =>
  OutboundRequest.encode({
    remoteAddress: 1,
    remoteCommand: BridgeRequest.cmd,
    data: InboundRequest.encode({ slaveAddress: 0x20, netFn, lun: 0, cmd, data }),
  });

async function traceOf(command: Command, request: Uint8Array, raw = false): Promise<string> {
  const world = simWorld(1);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }, { type: 'ipmb' }],
      satellites: [{ address: 0x82 }],
    },
    { world },
  );
  await world.until(bmc.open());
  if (raw)
    bmc.router.register({
      owner: 'raw',
      handlers: [
        handleRaw<BmcState>({ netFn: command.netFn, cmd: command.cmd }, (m, c, next) => next(m, c), {
          override: 'standard',
        }),
      ],
    });
  const lines: string[] = [];
  bmc.taps.add(trace(bmc.router, world.clock, (line) => void lines.push(line)));
  for (const channel of [LAN, HOST]) {
    const context = new Context<BmcState>(bmc, channel, Privilege.Administrator);
    const message = { netFn: command.netFn, cmd: command.cmd, lun: 0, data: request };
    await world.until(Promise.resolve(bmc.router.enter(message, context)));
    await world.run(2000);
  }
  return lines.join('\n');
}

describe('L: a trace shows no secret, whatever it is wrapped in', () => {
  test.each<[string, Command, Uint8Array]>([
    ['plain', SetUserPassword, data],
    ['cut short', SetUserPassword, data.slice(0, 12)],
    ['Send Message', SendMessage, sent(frame(0x82))],
    ['Send Message in Send Message', SendMessage, sent(frame(0x82, sent(frame(0x20)), SendMessage))],
    ['a message whose checksum is wrong', SendMessage, sent(frame(0x82).fill(0, 23))],
    ['Master Write-Read', MasterWriteRead, written(frame(0x82))],
    [
      'Master Write-Read in Send Message',
      SendMessage,
      sent(frame(0x82, written(frame(0x20)), MasterWriteRead)),
    ],
    ['Master Write-Read of half a message', MasterWriteRead, written(frame(0x82)).slice(0, 20)],
    ['ICMB', BridgeRequest, outbound()],
    ['TAP passwords', SetSerialModemConfiguration, parameter(26)],
    ['PPP account passwords', SetSerialModemConfiguration, parameter(42)],
  ])('%s', async (_what, command, request) => {
    for (const raw of [false, true]) {
      const text = await traceOf(command, request, raw);
      expect(text).toContain(raw ? `${request.length} byte(s)` : command.name);
      // Any eight bytes of it in a row are too many.
      expect(text).not.toContain(inHex(PASSWORD).slice(0, 3 * 8 - 1));
      expect(text).not.toContain('hunter2');
    }
  });

  test('what is no secret is shown', async () => {
    expect(await traceOf(SetSerialModemConfiguration, parameter(30))).toContain(inHex(PASSWORD).slice(0, 20));
    expect(await traceOf(MasterWriteRead, written(frame(0x82)))).toMatch(
      /└─ 82h {2}Set User Password .*password=\.\.\./,
    );
  });
});

describe('P3: a trace says parameters by name and value', () => {
  test.each<[string, Command, Uint8Array, string[]]>([
    [
      'Set LAN Configuration Parameters',
      SetLanConfigurationParameters,
      Uint8Array.of(1, 3, 10, 0, 0, 2),
      ['Set LAN Configuration Parameters channel=1 parameter=3 (IP Address) address=10.0.0.2  ->  ok'],
    ],
    [
      'Get LAN Configuration Parameters, of which the request says the parameter and the response the value',
      GetLanConfigurationParameters,
      Uint8Array.of(1, 18, 2, 0),
      [
        'parameter=18 (Destination Type) setSelector=2',
        'revision=17 set=2 acknowledged=false kind=0 timeout=2 retries=3',
      ],
    ],
    [
      'Get System Boot Options',
      GetSystemBootOptions,
      Uint8Array.of(3, 0, 0),
      ['parameter=3 (BMC Boot Flag Valid Bit Clearing) pef=false timeout=false'],
    ],
    [
      'Set DCMI Configuration Parameters',
      SetDcmiConfigurationParameters,
      Uint8Array.of(0xdc, 4, 0, 60, 0),
      ['parameter=4 (DHCP Timing 2) setSelector=0 contactTimeout=60'],
    ],
    [
      'a value that does not fit: bytes',
      SetLanConfigurationParameters,
      Uint8Array.of(1, 3, 10, 0),
      ['parameter=3 (IP Address) data=[0A 00]'],
    ],
    [
      'a parameter of nobody: bytes',
      SetLanConfigurationParameters,
      Uint8Array.of(1, 200, 10),
      ['parameter=200 data=[0A]'],
    ],
    [
      'only the revision',
      GetLanConfigurationParameters,
      Uint8Array.of(0x81, 3, 0, 0),
      ['->  revision=17 data='],
    ],
    [
      'a secret',
      SetSerialModemConfiguration,
      parameter(42),
      ['parameter=42 (PPP Account User Passwords) data=...'],
    ],
  ])('%s', async (_, command, request, parts) => {
    const trace = await traceOf(command, request);
    for (const part of parts) expect(trace).toContain(part);
  });
});
