import { completionCodeName, hex2 } from '../codec/index.ts';
import { ActivateSession, GetSessionChallenge } from '../commands/app/sessions.ts';
import { nameText } from './conversations.ts';
import type { LogIn15 } from './log-in-15.ts';
import type { Cause, Verdict } from './outcome.ts';

const NAME_CODES: ReadonlySet<number> = new Set([0x81, 0x82]);
/** No slot: for anybody, for the user, at the level. */
const SLOT_CODES: ReadonlySet<number> = new Set([0x81, 0x82, 0x83]);
const PRIVILEGE_CODE = 0x86;

/** What became of a log-in of IPMI 1.5 (§6.11.7). */
export function judge15(logIn: LogIn15): Verdict {
  const { challenge, activate, packets, code } = logIn;
  const name = nameText(logIn.name);
  if (challenge.request !== undefined && challenge.answer === undefined)
    return end('unanswered', 'Get Session Challenge', 'no answer', 'nothing answers Get Session Challenge');
  if (challenge.cc) {
    const status = codeText(challenge.cc, GetSessionChallenge.codes);
    return NAME_CODES.has(challenge.cc)
      ? end(
          'refused',
          'Get Session Challenge',
          'name',
          `no user '${name}' that may log in here by IPMI 1.5: unknown, disabled, without access to this channel, or with a password that is stored as one of 20 bytes: ${status}`,
        )
      : end(
          'refused',
          'Get Session Challenge',
          'authentication type',
          `the BMC does not take this authentication type: ask for another (ipmitool -A): ${status}`,
        );
  }
  if (activate.request === undefined)
    return end(
      'given up',
      'Get Session Challenge',
      'console',
      'the console did not go on after its challenge',
    );
  if (activate.answer === undefined) return unanswered(code, logIn.isMasked);
  if (activate.cc) {
    const status = codeText(activate.cc, ActivateSession.codes);
    if (activate.cc === PRIVILEGE_CODE)
      return end(
        'refused',
        'Activate Session',
        'privilege',
        `the level asked for is more than the user or the channel allows: ask for less (ipmitool -L): ${status}`,
      );
    const cause = SLOT_CODES.has(activate.cc) ? 'resources' : 'other';
    return end('refused', 'Activate Session', cause, status);
  }
  if (packets.in > 0 && packets.out === 0)
    return end('unanswered', 'session', 'no answer', 'the BMC answers nothing in the session');
  const wrong = packets.unauthentic === 0 ? '' : `, ${packets.unauthentic} of them with a wrong code`;
  return {
    outcome: 'open',
    step: 'session',
    cause: undefined,
    says: `open; ${packets.in} request(s) and ${packets.out} answer(s)${wrong}`,
  };
}

/** A BMC says nothing to a code that is wrong. */
function unanswered(code: LogIn15['code'], isMasked: boolean): Verdict {
  const step = 'Activate Session';
  const silent = 'the BMC did not answer Activate Session';
  if (code?.isRight === true)
    return end(
      'unanswered',
      step,
      'password',
      `${silent}: it was signed with the password given, so the BMC has another one`,
    );
  if (code?.isRight === undefined)
    return end(
      'unanswered',
      step,
      'password',
      isMasked
        ? `${silent}, as after a wrong password; the challenge is masked in this capture, so that its code cannot be checked`
        : `${silent}, as after a wrong password; with a password given, the sides can be told apart`,
    );
  return end(
    'unanswered',
    step,
    'password',
    `${silent}: it was not signed with the password ${code.how === '' ? 'given' : `as it was given, but ${code.how}`}`,
  );
}

const codeText = (cc: number, own: Readonly<Record<number, string>>): string =>
  `${completionCodeName(cc, own)} (${hex2(cc)}h)`;

const end = (outcome: Verdict['outcome'], step: string, cause: Cause, says: string): Verdict => ({
  outcome,
  step,
  cause,
  says,
});
