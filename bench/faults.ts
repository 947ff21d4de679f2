// What fault rules cost a request that none of them strikes.
import type { FaultRule } from '../src/faults/index.ts';
import { compare, subject } from './request.ts';

const hundred = (rule: (i: number) => FaultRule): FaultRule[] =>
  Array.from({ length: 100 }, (_, i) => rule(i));

const ruled = (name: string, rules: readonly FaultRule[]) =>
  subject({ name, settings: { faults: { rules } } });

export async function run(): Promise<void> {
  const subjects = [
    await subject({ name: 'a LAN interface on the network itself', isBare: true }),
    await subject({ name: 'no rule' }),
    await ruled(
      '100 rules for other commands',
      hundred((i) => ({ when: { netFn: 0x30, cmd: i }, then: { complete: 0xc0 } })),
    ),
    await ruled(
      '100 rules for other sessions’ packets',
      hundred((i) => ({ when: { payload: 'sol', nth: i + 1 }, then: { integrity: 'wrong' } })),
    ),
    await ruled(
      '100 rules for other datagrams',
      hundred((i) => ({ when: { payload: 'ping', nth: i + 1 }, then: { loss: 1 } })),
    ),
    await ruled(
      '100 rules for this command of another user',
      hundred((i) => ({ when: { command: 'get-device-id', user: `user ${i}` }, then: { complete: 0xc0 } })),
    ),
  ];
  console.log(compare(subjects));
}
