import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { logInNet, type LogInNet } from '../../test/support/log-in-net.ts';
import { pcapngOf, record } from '../../test/support/recorder.ts';
import type { RawLogInOptions } from '../../test/support/raw-log-in.ts';
import type { BmcOptions } from '../config/options.ts';
import { Context } from '../router/index.ts';
import {
  PayloadType,
  Rakp2,
  Rakp4,
  rakp2Code,
  rakp4Code,
  sessionKeys,
  type Exchange,
} from '../wire/index.ts';
import { keyOf, type Candidates } from './candidates.ts';
import {
  Explainer,
  itemsOf,
  InputError,
  readDatagrams,
  type Ask,
  type CapturedDatagram,
  type Explained,
} from './index.ts';

const PASSWORD = 'AdminPass123';
const key = (text: string): Uint8Array => keyOf(new TextEncoder().encode(text));

function explainer(candidates: Candidates = {}): Explainer {
  const { bmc } = rig();
  const lan = { number: 1, medium: 'lan', maxAnswer: 255 } as const;
  const ask: Ask = async (message, level) =>
    bmc.router.enter(message, new Context(bmc, lan, level, message.lun));
  return new Explainer({ names: bmc.router, ask, candidates });
}

async function explained(packets: ReturnType<typeof record>, candidates: Candidates) {
  const one = explainer(candidates);
  const messages: Explained[] = [];
  for await (const datagram of readDatagrams(pcapngOf(packets)))
    messages.push((await one.datagram(datagram))!);
  const rest = await one.end();
  return { messages, logIns: rest.filter(({ kind }) => kind === 'log-in'), rest };
}

/** A log-in by hand, as far as the BMC lets it, explained from its capture. */
async function failed(
  console: RawLogInOptions,
  candidates: Candidates,
  settings: BmcOptions = {},
  spoil: (net: LogInNet) => void = () => {},
): Promise<string> {
  const net = await logInNet(settings);
  const packets = record(net.bmc, net.world);
  spoil(net);
  const raw = await net.by(console);
  if ((await raw.open()) === 0 && (await raw.rakp1()) === 0) await raw.rakp3();
  const { logIns } = await explained(packets, candidates);
  expect(logIns).toHaveLength(1);
  const { outcome, step, cause, says } = logIns[0].verdict!;
  return `${outcome} at ${step}: ${cause}: ${says}`;
}

const given: Candidates = { passwords: [PASSWORD] };

test('EXP2: each refusal of the BMC is named by its step and its cause', async () => {
  expect(await failed({ suite: 8 }, given)).toMatch(
    /^refused at Open Session: suite: .* does not offer suite 8/,
  );
  expect(await failed({ user: 'nobody' }, given)).toMatch(/^refused at RAKP 1: name: no user 'nobody'/);
  expect(await failed({ user: 'user', password: 'UserPass123', role: 4 }, given)).toMatch(
    /^refused at RAKP 1: privilege: Administrator is more than/,
  );
  expect(await failed({ user: 'user', password: 'UserPass123', role: 3, byPrivilege: true }, given)).toMatch(
    /^refused at RAKP 1: privilege: .*it was looked up by name and Operator, not by name alone/,
  );
  expect(
    await failed({}, given, { users: [{ id: 2, name: 'admin', password: PASSWORD, enabled: false }] }),
  ).toMatch(/^refused at RAKP 1: name: .*disabled/);
});

test('EXP2: of a wrong password the side that has the password given is named', async () => {
  const wrong = { password: 'another' };
  expect(await failed(wrong, given)).toMatch(
    /^refused at RAKP 3: password: .*the BMC has the password given, the console has another one/,
  );
  expect(await failed(wrong, { passwords: ['another'] })).toMatch(
    /^refused at RAKP 3: password: .*the console has the password given, the BMC has another one/,
  );
  expect(await failed(wrong, { passwords: ['a third'] })).toMatch(/neither side has the password given/);
  expect(await failed(wrong, {})).toMatch(/^refused at RAKP 3: password: .*with a password given/);
});

test('EXP6: of several passwords and K_g it is said which fits, on either side, and none is shown', async () => {
  const passwords = ['first-wrong', PASSWORD, 'another'];
  const three = await failed({ password: 'another' }, { passwords });
  expect(three).toMatch(/: password: .*the console has password 3 of 3, the BMC has password 2 of 3$/);
  expect(await failed({ password: 'a fourth' }, { passwords })).toMatch(/the BMC has password 2 of 3, the/);
  const kg = ['not this', '0x4b5f67', 'a key for the BMC'];
  const withKg: BmcOptions = {
    interfaces: [{ type: 'lan', listen: '10.0.0.1:623', cipherSuites: [3, 17], kg: 'a key for the BMC' }],
  };
  expect(await failed({}, { passwords, kg }, withKg)).toMatch(/the BMC has K_g 3 of 3, so the console/);
  expect(await failed({ password: 'K_g text' }, { passwords, kg: ['a', 'K_g text'] })).toMatch(
    /the console made it with K_g 2 of 2 in place of the password/,
  );
  const net = await logInNet(withKg);
  const packets = record(net.bmc, net.world);
  const raw = await net.by({});
  expect([await raw.open(), await raw.rakp1(), await raw.rakp3()]).toEqual([0, 0, 0]);
  const { logIns } = await explained(packets, { passwords, kg });
  expect(logIns[0].says).toEqual([
    'RAKP 2: right, with password 2 of 3',
    'RAKP 3: right, with password 2 of 3',
    'RAKP 4: right, with K_g 3 of 3',
  ]);
  expect(JSON.stringify([three, logIns])).not.toMatch(/first-wrong|AdminPass|a key for/);
});

test('EXP2: a password cut to 16 bytes, with a line end, or left out is told from another one', async () => {
  const long = 'TwentyBytesLongPass!';
  const users = [{ id: 2, name: 'admin', password: long }];
  const cut = { password: long.slice(0, 16) };
  expect(await failed(cut, { passwords: [long] }, { users })).toMatch(
    /^refused at RAKP 3: truncated password: .*the console made it with the password cut to 16 bytes/,
  );
  expect(await failed({ password: `${PASSWORD}\n` }, given)).toMatch(
    /with the password with a line end behind it/,
  );
  expect(await failed({ password: new Uint8Array(20) }, given)).toMatch(/with the password left empty/);
  const sixteen = [{ id: 2, name: 'admin', password: long.slice(0, 16) }];
  expect(await failed({ password: long }, { passwords: [long] }, { users: sixteen })).toMatch(
    /^refused at RAKP 3: truncated password: .*it is right, but the BMC works with the password cut to 16 bytes/,
  );
});

/** The BMC makes its code of something else. */
const spoiled =
  (
    how: (exchange: Exchange) => {
      readonly exchange?: Exchange;
      readonly key?: Uint8Array;
      readonly size?: number;
    },
  ) =>
  ({ bmc }: LogInNet): void => {
    let name = new Uint8Array(0);
    let role = 0;
    let consoleRandom = new Uint8Array(16);
    let bmcId = 0;
    bmc.taps.wrapSetUp((step, serve) => {
      if (step.payloadType === PayloadType.Rakp1) {
        role = step.payload[24];
        name = step.payload.slice(28);
        consoleRandom = step.payload.slice(8, 24);
        bmcId = new DataView(step.payload.buffer, step.payload.byteOffset).getUint32(4, true);
      }
      const answer = serve();
      if (answer?.payloadType !== PayloadType.Rakp2 || answer.payload[1] !== 0) return answer;
      const two = Rakp2.decode(answer.payload);
      const { consoleId, bmcRandom, bmcGuid } = two;
      const exchange = { authentication: 3, consoleId, bmcId, consoleRandom, bmcRandom, bmcGuid, role, name };
      const { exchange: other = exchange, key: otherKey = key(PASSWORD), size } = how(exchange);
      const code = rakp2Code(other, otherKey).slice(0, size);
      return { payloadType: answer.payloadType, payload: Rakp2.encode({ ...two, code }) };
    });
  };

/** A console that compares, and stops. */
async function stopped(how: Parameters<typeof spoiled>[0], candidates = given): Promise<string> {
  const net = await logInNet();
  const packets = record(net.bmc, net.world);
  spoiled(how)(net);
  const raw = await net.by();
  await raw.open();
  await raw.rakp1();
  const { logIns } = await explained(packets, candidates);
  const { outcome, step, cause, says } = logIns[0].verdict!;
  return `${outcome} at ${step}: ${cause}: ${says}`;
}

test('EXP2: what a BMC makes its code of otherwise is named: privilege byte, name, hash, GUID, K_g, length', async () => {
  expect(await stopped((exchange) => ({ exchange: { ...exchange, role: 4 } }))).toMatch(
    /^given up at RAKP 2: privilege byte: .*the BMC made its code with the privilege byte as 04h, not 14h/,
  );
  expect(await stopped((exchange) => ({ exchange: { ...exchange, name: new Uint8Array(0) } }))).toMatch(
    /: name: .*the name left out/,
  );
  expect(await stopped((exchange) => ({ exchange: { ...exchange, authentication: 1 } }))).toMatch(
    /: suite: .*SHA-1, not SHA-256 as was agreed/,
  );
  expect(
    await stopped((exchange) => ({ exchange: { ...exchange, bmcGuid: exchange.bmcGuid.toReversed() } })),
  ).toMatch(/: GUID: .*the GUID backwards/);
  expect(await stopped(() => ({ key: key('the K_g') }), { ...given, kg: 'the K_g' })).toMatch(
    /: K_g: .*K_g in place of the password/,
  );
  expect(await stopped(() => ({ size: 16 }))).toMatch(/: code length: .*16 bytes of code, not 32/);
  expect(await stopped(() => ({ key: key('another') }))).toMatch(
    /: password: .*the BMC does not have the password given/,
  );
  expect(await stopped(() => ({}))).toMatch(
    /: password: .*the BMC has the password given, the console has another/,
  );
});

test('EXP2: K_g: who has one, who has another, from RAKP 4 alone', async () => {
  const withKg: BmcOptions = {
    interfaces: [{ type: 'lan', listen: '10.0.0.1:623', cipherSuites: [3, 17], kg: 'a key for the BMC' }],
  };
  const both = { ...given, kg: 'a key for the BMC' };
  // The console lets it be, as it has another K_g: it never uses the session.
  expect(await failed({}, both, withKg)).toMatch(
    /^given up at RAKP 4: K_g: .*the BMC has the K_g given, so the console has another or none/,
  );
  expect(await failed({}, given, withKg)).toMatch(/: K_g: .*another K_g than was given/);
  expect(await failed({}, given)).toMatch(/: K_g: .*the BMC has no K_g, so the console has one/);
  expect(await failed({}, both)).toMatch(/: K_g: the BMC opened .*the BMC has no K_g at all/);
  expect(await failed({}, {}, withKg)).toMatch(/: K_g: .*mostly its K_g is another/);
  // Twenty bytes of session key, made with the role without the bit of the look-up.
  const odd = await failed({}, given, {}, ({ bmc }) => {
    let one = new Uint8Array(0);
    let two = new Uint8Array(0);
    bmc.taps.wrapSetUp((step, serve) => {
      if (step.payloadType === PayloadType.Rakp1) one = step.payload.slice();
      const answer = serve();
      if (answer?.payloadType === PayloadType.Rakp2) two = answer.payload.slice();
      if (answer?.payloadType !== PayloadType.Rakp4 || answer.payload[1] !== 0) return answer;
      const { consoleId, bmcRandom, bmcGuid } = Rakp2.decode(two);
      const bmcId = new DataView(one.buffer).getUint32(4, true);
      const consoleRandom = one.slice(8, 24);
      const name = one.slice(28);
      const exchange = {
        authentication: 3,
        consoleId,
        bmcId,
        consoleRandom,
        bmcRandom,
        bmcGuid,
        role: 4,
        name,
      };
      const { sik } = sessionKeys(exchange, { user: key(PASSWORD), bmc: key(PASSWORD) });
      const code = rakp4Code(exchange, sik);
      return {
        payloadType: PayloadType.Rakp4,
        payload: Rakp4.encode({ ...Rakp4.decode(answer.payload), code }),
      };
    });
  });
  expect(odd).toMatch(/^given up at RAKP 4: privilege byte: .*the privilege byte as 04h, not 14h/);
});

test('EXP2: IPMI 1.5: an unknown name, a wrong password on either side, a level too high', async () => {
  const net = await logInNet();
  const packets = record(net.bmc, net.world);
  const judged = async (candidates: Candidates): Promise<string> => {
    const { logIns } = await explained(packets, candidates);
    packets.length = 0;
    const { outcome, step, cause, says } = logIns.at(-1)!.verdict!;
    return `${outcome} at ${step}: ${cause}: ${says}`;
  };
  await (await net.by({ user: 'nobody' })).challenge();
  expect(await judged(given)).toMatch(/^refused at Get Session Challenge: name: no user 'nobody'/);
  for (const [password, expected] of [
    [PASSWORD, /not signed with the password given/],
    ['another', /signed with the password given, so the BMC has another one/],
  ] as const) {
    const raw = await net.by({ password: 'another' });
    expect(await raw.challenge()).toBe(0);
    expect(await raw.activate()).toBe(-1);
    expect(await judged({ passwords: [password] })).toMatch(expected);
  }
  const user = await net.by({ user: 'user', password: 'UserPass123', role: 4 });
  expect(await user.challenge()).toBe(0);
  expect(await user.activate()).toBe(0x86);
  expect(await judged(given)).toMatch(/^refused at Activate Session: privilege: /);
});

test('EXP2: silence: nothing answers Open Session, RAKP 3, or what is asked before', async () => {
  const net = await logInNet();
  const packets = record(net.bmc, net.world);
  const raw = await net.by();
  await raw.open();
  await raw.rakp1();
  await raw.rakp3();
  const told = async (some: typeof packets): Promise<string> => {
    const { logIns } = await explained(some, given);
    return `${logIns[0].verdict?.outcome} at ${logIns[0].verdict?.step}`;
  };
  expect(await told([packets[0], packets[0]])).toBe('unanswered at Open Session');
  expect(await told(packets.slice(0, 3))).toBe('unanswered at RAKP 1');
  expect(await told(packets.slice(0, 5))).toBe('unanswered at RAKP 3');
  expect(await told(packets)).toBe('given up at RAKP 4');
});

test('EXP10: of a capture that begins within a log-in no cause is made up; a refusal in it still counts', async () => {
  const net = await logInNet();
  const packets = record(net.bmc, net.world);
  const raw = await net.by({ password: PASSWORD });
  expect([await raw.open(), await raw.rakp1(), await raw.rakp3()]).toEqual([0, 0, 0]);
  const told = async (from: number, to?: number): Promise<string> => {
    const { logIns } = await explained(packets.slice(from, to), given);
    const { outcome, step, cause, says } = logIns[0].verdict!;
    return `${outcome} at ${step}: ${cause}: ${says}`;
  };
  // Open Session, its answer, RAKP 1 to 4.
  const missing = (step: string): RegExp =>
    new RegExp(`^open at session: undefined: open; what came before ${step} is not in the capture`);
  expect(await told(2)).toMatch(missing('RAKP 1'));
  expect(await told(3)).toMatch(missing('RAKP 2'));
  expect(await told(4)).toMatch(missing('RAKP 3'));
  expect(await told(5)).toMatch(missing('RAKP 4'));
  expect(await told(3, 4)).toMatch(
    /^given up at RAKP 2: other: what came before RAKP 2 is not in the capture/,
  );
  expect(await told(2, 3)).toBe('unanswered at RAKP 1: no answer: nothing answers RAKP 1');
  expect(await told(0, 1)).toMatch(/^unanswered at Open Session: no answer: nothing answers Open Session/);
  const unknown = await logInNet();
  const refusal = record(unknown.bmc, unknown.world);
  const other = await unknown.by({ user: 'nobody', password: PASSWORD });
  await other.open();
  await other.rakp1();
  const { logIns } = await explained(refusal.slice(3), given);
  expect(logIns[0].verdict).toMatchObject({ outcome: 'refused', step: 'RAKP 1', cause: 'name' });
});

test('EXP2: a message in any writing is the same message, and says what a BMC answers', async () => {
  const { bmc } = rig();
  const names = bmc.router;
  const one = explainer();
  const written = [
    'raw 6 1',
    'raw 0x06 0x01',
    'raw app 1',
    'ipmitool -I lanplus -H 10.0.0.1 -U admin raw 6 0x1',
    '06 01',
    '0601',
    '0x06, 0x01',
    '[06h 01h]',
    '18 01',
    '03 18 05 01',
    '20 18 c8 81 04 01 7a',
    '0000  20 18 c8 81 04 01 7a   ......z',
    '00000000: 2018 c881 0401 7a   ......z',
    '00000000  20 18 c8 81  04 01 7a   |......z|',
  ];
  for (const text of written) {
    const [item, ...more] = itemsOf(text, names);
    expect(more, text).toEqual([]);
    if (item.kind !== 'request') throw new Error(`${text}: ${item.kind}`);
    expect(item.message, text).toMatchObject({ netFn: 6, lun: 0, cmd: 1 });
    const { name, section, says } = await one.request(item.message, item.isHost);
    expect([name, section]).toEqual(['Get Device ID', 'IPMI 2.0 §20.1']);
    expect(says[0]).toBe('answered by standard; needs User');
    expect(says[1]).toMatch(/^a BMC answers 00h, completed normally: deviceId=/);
  }
});

test('EXP2: why a BMC refuses: nobody serves it, its length, its level; secrets stay dots', async () => {
  const one = explainer();
  const { bmc } = rig();
  const says = async (text: string): Promise<string> => {
    const [item] = itemsOf(text, bmc.router);
    if (item.kind !== 'request') throw new Error(item.kind);
    const { name, fields, says: lines } = await one.request(item.message, item.isHost);
    return [name, JSON.stringify(fields), ...lines].join('\n');
  };
  expect(await says('raw 0x3c 0x99')).toMatch(/nobody's: no handler of ours claims it\na BMC answers C1h/);
  expect(await says('raw 6 0x43 1')).toMatch(
    /C7h.*\nit has 1 byte\(s\) of data, Set User Access takes 3 to 4/,
  );
  const password = await says(`raw 6 0x47 2 2 ${[...Buffer.from('PasswordPassword')].join(' ')}`);
  expect(password).toContain('"password","..."');
  expect(password).not.toMatch(/50 61|Password[^"]*P/);
});

test('EXP2: text that is no message is one line with its place', () => {
  const { bmc } = rig();
  for (const [text, line, problem] of [
    ['', 1, 'nothing to explain'],
    ['# a comment', 1, 'nothing to explain'],
    ['06 01\nhello', 2, "'hello' is no hexadecimal byte"],
    ['06', 1, 'a message has a NetFn and a command at least'],
    ['\n\n06 123', 3, "'123' is no hexadecimal byte"],
    ['raw 6', 1, 'raw has a NetFn and a command at least'],
    ['raw 6 300', 1, "'300' is no byte: raw has 0x00 to 0xff, or 0 to 255"],
    ['raw 7 1', 1, "NetFn '7' is that of a response: it is odd"],
    ['raw 0x40 1', 1, "a NetFn is at most 3Fh, not '0x40'"],
  ] as const) {
    let error: unknown;
    try {
      itemsOf(text, bmc.router);
    } catch (caught) {
      error = caught;
    }
    expect(error, text).toBeInstanceOf(InputError);
    expect([(error as InputError).line, (error as InputError).message]).toEqual([line, problem]);
  }
});

test('EXP2: lines are messages of their own unless their offsets or lengths say otherwise', () => {
  const { bmc } = rig();
  const kinds = (text: string): string[] => itemsOf(text, bmc.router).map(({ kind }) => kind);
  expect(kinds('06 01\n00 01\n1c 01 00 20')).toEqual(['request', 'request', 'response']);
  const ping = '06 00 ff 06 00 00 11 be\n80 00 00 00';
  expect(kinds(ping)).toEqual(['datagram']);
  expect(kinds(`${ping}\n\n${ping}`)).toEqual(['datagram', 'datagram']);
  const dump = '0000  06 00 ff 06 00 00 11 be  ........\n0008  80 00 00 00              ....';
  expect(kinds(`${dump}\n${dump}`)).toEqual(['datagram', 'datagram']);
});

test('EXP2: the dumps of hexdump -C and od are one message, whatever stands in their last line', () => {
  const { bmc } = rig();
  const head = '06 00 ff 06 00 00 11 be';
  for (const text of [
    `00000000  ${head}  |........|\n00000008  80 00 00 00   |....|\n0000000c\n`,
    `000000 ${head}\n000008 80 00 00 00\n00000c\n`,
    `0000000 ${head}\n0000010 80 00 00 00\n0000014\n`,
  ]) {
    const items = itemsOf(text, bmc.router);
    expect(items, text).toEqual([{ kind: 'datagram', bytes: expect.anything() as unknown }]);
    expect(items[0].kind === 'datagram' && items[0].bytes.length).toBe(12);
  }
  // Six digits that are no offset, and a line that is no length, are bytes.
  expect(itemsOf('0600ff 06 00 00 11 be 80 00 00 00', bmc.router)).toMatchObject([{ kind: 'datagram' }]);
  expect(itemsOf(`00000000  ${head}\n80000000\n`, bmc.router)).toMatchObject([{ bytes: { length: 12 } }]);
});

test('EXP2: random datagrams and text are explained or refused, never more', async () => {
  const { bmc, world } = rig();
  const one = explainer(given);
  const endpoint = { host: '10.0.0.9', port: 4 };
  for (let number = 1; number < 400; number++) {
    const bytes = world.random.bytes(world.random.u32() % 80);
    bytes.set([6, 0, 0xff, 7, number % 2 ? 6 : number % 5].slice(0, bytes.length));
    const datagram: CapturedDatagram = {
      number,
      time: number,
      from: endpoint,
      to: { host: '10.0.0.1', port: 623 },
      bytes,
    };
    await one.datagram(datagram);
    const text = Buffer.from(bytes).toString(number % 3 ? 'hex' : 'latin1');
    try {
      itemsOf(text, bmc.router);
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
    }
  }
  await one.end();
});
