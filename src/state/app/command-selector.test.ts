import { expect, test } from 'vitest';
import { keyName, spokenName } from '../../commands/command.ts';
import { declaredCommands, parseSelector, selectorOf } from './command-selector.ts';

test('every declared command is found by its name and by what command lines write', () => {
  for (const command of declaredCommands) {
    expect(parseSelector(command.name), command.name).toEqual(selectorOf(command));
    expect(parseSelector(spokenName(command.name)), command.name).toEqual(selectorOf(command));
  }
});

test('no two commands with numbers of their own are written alike', () => {
  const numbers = new Map<string, string>();
  for (const command of declaredCommands) {
    const word = spokenName(command.name);
    expect(numbers.get(word) ?? keyName(command), word).toBe(keyName(command));
    numbers.set(word, keyName(command));
  }
});

test('what names no command is none', () => {
  for (const text of ['', '*', '-', 'get', 'Get HPM', '07h 01h', '40h 01h', '30h'])
    expect(parseSelector(text), text).toBeUndefined();
});
