import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BasicReader, encodeBasic } from './serial-basic.ts';
import { EscapeWatch } from './serial-escape.ts';
import { formatTerminal, parseTerminal, TerminalReader, type TerminalOptions } from './serial-terminal.ts';

const messagesIn = (bytes: Iterable<number>, reader = new BasicReader()): number[][] =>
  [...bytes].flatMap((byte) => {
    const message = reader.take(byte);
    return message ? [[...message]] : [];
  });

describe('basic mode', () => {
  test('the characters that frame a message are written as two (table 14-6)', () => {
    expect([...encodeBasic(Uint8Array.of(0x20, 0xa0, 0xa5, 0xa6, 0xaa, 0x1b))]).toEqual([
      0xa0, 0x20, 0xaa, 0xb0, 0xaa, 0xb5, 0xaa, 0xb6, 0xaa, 0xba, 0xaa, 0x3b, 0xa5,
    ]);
  });

  test('what is written is read, whatever stands around it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 260 }),
        fc.uint8Array({ maxLength: 300 }),
        (message, noise) => {
          const read = messagesIn([...noise, ...encodeBasic(message)]);
          expect(read.at(-1)).toEqual([...message]);
        },
      ),
    );
  });

  test.each([
    ['an illegal escape', [0xa0, 1, 0xaa, 0x01, 2, 0xa5]],
    ['an escape of an escape', [0xa0, 1, 0xaa, 0xaa, 2, 0xa5]],
    ['an escape at the end', [0xa0, 1, 0xaa, 0xa5]],
    ['no message at all', [0xa0, 0xa5, 0xa5]],
    ['more than fits', [0xa0, ...Array.from({ length: 300 }, () => 7), 0xa5]],
  ])('%s is dropped, and the next message is read', (_what, bytes) => {
    expect(messagesIn([...bytes, ...encodeBasic(Uint8Array.of(1, 2))])).toEqual([[1, 2]]);
  });

  test('a start character begins anew; handshakes are no part of a message', () => {
    expect(messagesIn([0xa0, 9, 9, 0xa0, 1, 0xa6, 2, 0xa5])).toEqual([[1, 2]]);
  });
});

const OPTIONS: TerminalOptions = {
  lineEditing: true,
  eraseVisibly: true,
  echo: true,
  handshake: false,
  outputNewline: 1,
  inputNewline: 1,
};

/** Types text: the lines that it makes, and what the terminal shows. */
function type(text: string, options: Partial<TerminalOptions> = {}): { lines: string[]; shown: string } {
  const reader = new TerminalReader();
  const lines: string[] = [];
  let shown = '';
  for (const character of text) {
    const { echo, line } = reader.take(character.charCodeAt(0), { ...OPTIONS, ...options });
    shown += echo ?? '';
    if (line) lines.push(line.tooLong ? 'TOO LONG' : line.text);
  }
  return { lines, shown };
}

describe('terminal mode', () => {
  test('a line is what stands between brackets, and ends with a new line', () => {
    expect(type('noise [18 00 22]\r[SYS TMODE]\r\n').lines).toEqual(['18 00 22', 'SYS TMODE']);
    expect(type('[18 00 22]').lines).toEqual([]);
    expect(type('[18 00 22]\0', { inputNewline: 2 }).lines).toEqual(['18 00 22']);
  });

  test('line editing: backspace, escape, continuation (§14.8)', () => {
    expect(type('[18 00 23\b2]\r')).toEqual({ lines: ['18 00 22'], shown: '[18 00 23\b \b2]\r\n' });
    expect(type('[18 00 23\x7f2]\r', { eraseVisibly: false }).shown).toBe('[18 00 23\x7f2]\r\n');
    expect(type('[18 00\x1b\r').lines).toEqual([]);
    expect(type('[18\x1b\r', { echo: false }).shown).toBe('\r\n');
    expect(type('[18 00 \\\r22]\r').lines).toEqual(['18 00 22']);
    expect(type('[18 00 23\b2]\r', { lineEditing: false }).lines).toEqual(['18 00 232']);
  });

  test('an illegal character flushes the line in silence', () => {
    expect(type('[18 \x01 22]\r').lines).toEqual([]);
    expect(type('[18 00]x\r').lines).toEqual([]);
    expect(type('[18 00\r22]\r').lines).toEqual([]);
  });

  test('a line that is too long is told so', () => {
    expect(type(`[${'18 '.repeat(400)}]\r`).lines).toEqual(['TOO LONG']);
  });

  test('messages as text, both ways', () => {
    const message = { netFn: 6, lun: 0, seq: 5, bridge: 0, cmd: 0x22, data: Uint8Array.of(0xab) };
    expect(formatTerminal(message)).toBe('18 14 22 AB');
    expect(parseTerminal('181422ab')).toEqual(message);
    expect(parseTerminal('18 14 22 AB')).toEqual(message);
    for (const wrong of ['18 00', '18 0', '18  00 22', 'xx 00 22', ''])
      expect(parseTerminal(wrong)).toBeUndefined();
  });

  test('whatever is typed, the next whole line is read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (noise) => {
        expect(type(`${noise}\r[18 00 22]\r`).lines.at(-1)).toBe('18 00 22');
      }),
    );
  });
});

test('escape sequences of a shared connector', () => {
  const watch = new EscapeWatch();
  const found = Array.from('a\x1b(b\x1bQ\x1bR\x1br\x1bR\x1b^').flatMap(
    (character) => watch.take(character.charCodeAt(0)) ?? [],
  );
  expect(found).toEqual(['to-bmc', 'to-system', 'reset', 'power-up']);
});
