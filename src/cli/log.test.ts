import { expect, test } from 'vitest';
import { EncodeError, IpmiError } from '../codec/index.ts';
import { namedLog } from '../state/setup.ts';
import { StorageError } from '../storage/index.ts';
import { localTime, makeLog, type LogOptions } from './log.ts';

const NOON = Date.UTC(2026, 0, 31, 12, 5, 9, 7);

function written(options: Partial<LogOptions>, use: (log: ReturnType<typeof makeLog>) => void): string[] {
  const lines: string[] = [];
  use(
    makeLog({
      format: 'text',
      level: 'info',
      now: () => NOON,
      ...options,
      write: (line) => void lines.push(line),
    }),
  );
  return lines;
}

test('V17: text: local time, level, message; below the level nothing', () => {
  const lines = written({}, (log) => {
    log.debug('not this');
    log.info('bmc: cold reset');
    log.warn('bmc: log-in refused', { peer: '192.0.2.7:4000' });
  });
  const time = localTime(NOON);
  expect(lines).toEqual([`${time} info  bmc: cold reset\n`, `${time} warn  bmc: log-in refused\n`]);
  const at = new Date(NOON);
  expect(time).toBe(
    `2026-${time.slice(5, 10)} ${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}:09.007`,
  );
  expect(written({ level: 'error' }, (log) => log.warn('not this'))).toEqual([]);
  expect(written({ level: 'debug' }, (log) => log.debug('this'))).toHaveLength(1);
});

test('V17: JSON: an object a line, with its fields', () => {
  const [line] = written({ format: 'json' }, (log) =>
    namedLog(log, 'node-1').warn('log-in refused', { peer: '192.0.2.7:4000' }),
  );
  expect(JSON.parse(line)).toMatchObject({
    level: 40,
    time: NOON,
    bmc: 'node-1',
    peer: '192.0.2.7:4000',
    msg: 'node-1: log-in refused',
  });
});

test('V17: what comes from the network cannot make lines of its own', () => {
  const [line, ...more] = written({}, (log) =>
    log.warn("unknown user 'x\n2026 info  bmc: all is well\x1b[2J\u2028\u202e\u{e0041}'"),
  );
  expect([line.split('\n').length, more, line]).toEqual([
    2,
    [],
    expect.stringContaining('x\\x0a2026 info  bmc: all is well\\x1b[2J\\x2028\\x202e\\xe0041'),
  ]);
});

test('V17: an error is shown with its stack where it is a bug, and without where somebody refused', () => {
  const [bug] = written({}, (log) => log.error('a listener', new TypeError('no such thing')));
  expect(bug).toMatch(/a listener: no such thing\n {4}at /);
  const [refused] = written({}, (log) =>
    log.error('watchdog: power reset', new IpmiError(0xd5, 'the machine said no')),
  );
  expect(refused.split('\n')).toEqual([
    expect.stringContaining('watchdog: power reset: the machine said no (cc D5h)'),
    '',
  ]);
  const [json] = written({ format: 'json' }, (log) =>
    log.error('a listener', new TypeError('no such thing')),
  );
  expect(JSON.parse(json)).toMatchObject({
    level: 50,
    msg: 'a listener',
    err: { type: 'TypeError', message: 'no such thing' },
  });
});

test('P8: an error of ours has its code in a line of JSON, and no stack in text; a value that its field cannot hold is a bug', () => {
  const refused = new StorageError('made by another version');
  const [json] = written({ format: 'json' }, (log) => log.error('state', refused));
  expect(JSON.parse(json)).toMatchObject({ err: { type: 'StorageError', code: 'IPMI_BMC_STORAGE' } });
  const [text] = written({}, (log) => log.error('state', refused));
  expect(text.split('\n')).toEqual([expect.stringContaining('state: made by another version'), '']);
  const [bug] = written({}, (log) =>
    log.error('a handler', new EncodeError('SEL Entry', 'time', '-1 is no time')),
  );
  expect(bug).toMatch(/-1 is no time\n {4}at /);
});

test('every line names its BMC once, whoever wrote it', () => {
  const lines = written({}, (log) => {
    const named = namedLog(log, 'node-7');
    named.info('power off failed');
    named.info('node-7: power off failed');
  });
  expect(lines.map((line) => line.slice(30))).toEqual([
    'node-7: power off failed\n',
    'node-7: power off failed\n',
  ]);
});

test.each(['\u202e', '\u2066', '\u200b', '\u2028', '\x1b', '\x9b'])(
  'L: %j in a name neither turns nor hides nor ends a line',
  (character) => {
    const [line] = written({}, (log) => log.warn(`log-in of 'ad${character}min'`));
    expect(line).toContain(`'ad\\x${character.charCodeAt(0).toString(16)}min'`);
  },
);
