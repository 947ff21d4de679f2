import { hex2 } from '../codec/index.ts';
import { levelText, REFUSALS, suiteText } from '../capture/set-up.ts';
import { PayloadType, RakpStatus } from '../wire/index.ts';
import type { CodeFinding, SessionFinding } from './codes.ts';
import { nameText, type LogIn } from './conversations.ts';
import { LogIn15 } from './log-in-15.ts';
import type { LogIn20 } from './log-in-20.ts';
import type { Cause, Verdict } from './outcome.ts';
import { judge15 } from './verdict-15.ts';

export function judge(logIn: LogIn): Verdict {
  return logIn instanceof LogIn15 ? judge15(logIn) : judge20(logIn);
}

/** Whose log-in it is, in words. */
export function aboutLogIn(logIn: LogIn): string {
  if (logIn instanceof LogIn15) {
    const types = ['no authentication', 'MD2', 'MD5', '', 'a straight password'];
    const how = types[logIn.authType] || `authentication type ${logIn.authType}`;
    return `'${nameText(logIn.name)}', IPMI 1.5 with ${how}`;
  }
  const { identity, request, response } = logIn;
  const suite = response ?? request;
  const how = suite === undefined ? 'RMCP+' : suiteText(suite);
  if (identity === undefined) return `nobody yet, ${how}`;
  return `'${nameText(identity.name)}', ${how}, ${levelText(identity.role)}`;
}

const refused = (step: string, cause: Cause, says: string): Verdict => ({
  outcome: 'refused',
  step,
  cause,
  says,
});
const givenUp = (step: string, cause: Cause, says: string): Verdict => ({
  outcome: 'given up',
  step,
  cause,
  says,
});
const unanswered = (step: string, says: string): Verdict => ({
  outcome: 'unanswered',
  step,
  cause: 'no answer',
  says,
});

const SUITE_STATUS: ReadonlySet<number> = new Set([
  RakpStatus.InvalidAuthenticationAlgorithm,
  RakpStatus.InvalidIntegrityAlgorithm,
  RakpStatus.InvalidConfidentialityAlgorithm,
  RakpStatus.NoCipherSuiteMatch,
  RakpStatus.NoMatchingAuthenticationPayload,
  RakpStatus.NoMatchingIntegrityPayload,
]);
const PRIVILEGE_STATUS: ReadonlySet<number> = new Set([
  RakpStatus.InvalidRole,
  RakpStatus.UnauthorizedRole,
  RakpStatus.InsufficientResourcesForRole,
]);
const NAME_STATUS: ReadonlySet<number> = new Set([RakpStatus.UnauthorizedName, RakpStatus.InvalidNameLength]);

function judge20(logIn: LogIn20): Verdict {
  const step = (type: Parameters<LogIn20['step']>[0]) => logIn.step(type);
  const opened = step(PayloadType.OpenSessionResponse);
  const late = opened === undefined ? begunLate(logIn) : undefined;
  if (late !== undefined) return late;
  if (opened === undefined && NAMES.every(([type]) => step(type) === undefined))
    return unanswered(
      'Open Session',
      `nothing answers Open Session (sent ${logIn.repetitions + 1} time(s)): another address or port, no RMCP+, or a firewall`,
    );
  if (opened?.status) return refusal('Open Session', opened.status, logIn);
  const two = step(PayloadType.Rakp2);
  if (two?.status) return refusal('RAKP 1', two.status, logIn);
  if (opened !== undefined && step(PayloadType.Rakp1) === undefined) return stoppedBeforeRakp1(logIn);
  const three = step(PayloadType.Rakp3);
  const four = step(PayloadType.Rakp4);
  if (two === undefined && four === undefined && !three?.status)
    return unanswered('RAKP 1', 'nothing answers RAKP 1');
  if (three?.status || (three === undefined && four === undefined))
    return stoppedAtRakp2(logIn, three?.status);
  const { rakp2, rakp3, rakp4 } = logIn.codes;
  if (four?.status === RakpStatus.InvalidIntegrityCheckValue) return refusedAtRakp3(rakp2, rakp3);
  if (four?.status) return refusal('RAKP 3', four.status, logIn);
  const { packets } = logIn;
  if (four === undefined && packets.in === 0) return unanswered('RAKP 3', 'nothing answers RAKP 3');
  if (packets.in === 0) return stoppedAtRakp4(rakp4);
  if (packets.out === 0)
    return unanswered(
      'session',
      packets.unauthentic > 0
        ? `the BMC answers nothing in the session: ${packets.unauthentic} request(s) are signed with other keys than RAKP 4 has`
        : 'the BMC answers nothing in the session',
    );
  return { outcome: 'open', step: 'session', cause: undefined, says: openText(logIn, rakp4) };
}

const NAMES = [
  [PayloadType.Rakp1, 'RAKP 1'],
  [PayloadType.Rakp2, 'RAKP 2'],
  [PayloadType.Rakp3, 'RAKP 3'],
  [PayloadType.Rakp4, 'RAKP 4'],
] as const;

/**
 * Of a log-in whose first steps the capture has missed, without a refusal, which says enough. Undefined: its
 * steps tell all the same.
 */
function begunLate(logIn: LogIn20): Verdict | undefined {
  const seen = NAMES.filter(([type]) => logIn.step(type) !== undefined);
  const [first] = seen;
  const last = seen.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (seen.some(([type]) => logIn.step(type)?.status)) return undefined;
  const isOpen = last[0] === PayloadType.Rakp4;
  if (first[0] === PayloadType.Rakp1 && !isOpen) return undefined;
  const missing = `what came before ${first[1]} is not in the capture, and without it no code can be made anew: capture from before the log-in on`;
  if (isOpen) return { outcome: 'open', step: 'session', cause: undefined, says: `open; ${missing}` };
  return givenUp(last[1], 'other', missing);
}

function openText({ packets }: LogIn20, rakp4: SessionFinding | undefined): string {
  const odd =
    rakp4?.differs === undefined ? '' : `, though RAKP 4 was made with ${rakp4.how || 'other keys'}`;
  const wrong = packets.unauthentic === 0 ? '' : `, ${packets.unauthentic} of them with a wrong signature`;
  return `open; ${packets.in} request(s) and ${packets.out} answer(s)${wrong}${odd}`;
}

/** A refusal by the BMC, as its status says. */
function refusal(at: string, status: number, logIn: LogIn20): Verdict {
  const text = `${REFUSALS[status] ?? 'refused'} (${hex2(status)}h)`;
  if (SUITE_STATUS.has(status)) {
    const asked = logIn.request && suiteText(logIn.request);
    return refused(
      at,
      'suite',
      `the BMC does not offer ${asked ?? 'what was asked for'}: ask for another (ipmitool -C), or look at its cipher suites: ${text}`,
    );
  }
  if (PRIVILEGE_STATUS.has(status)) {
    const asked = logIn.identity?.role ?? logIn.request?.maxPrivilege;
    const level = asked ? levelText(asked) : 'the level asked for';
    return refused(
      at,
      'privilege',
      `${level} is more than the user or the channel allows: ask for less (ipmitool -L)${lookUpText(logIn.identity)}: ${text}`,
    );
  }
  if (NAME_STATUS.has(status)) return refused(at, 'name', nameRefusal(logIn, text));
  if (status === RakpStatus.InsufficientResources)
    return refused(
      at,
      'resources',
      `every session, or every one of this user's, is taken, or too many wrong passwords came: ${text}`,
    );
  return refused(at, 'other', text);
}

function nameRefusal({ identity }: LogIn20, text: string): string {
  const name = identity === undefined ? 'of this name' : `'${nameText(identity.name)}'`;
  return `no user ${name} that may log in here: unknown, disabled, without a password, or without access to this channel${lookUpText(identity)}: ${text}`;
}

/** Which user is meant depends on the level, where a console asks so: IPMI 2.0 §13.20. */
const lookUpText = (identity: LogIn20['identity']): string =>
  identity === undefined || identity.nameOnly
    ? ''
    : `, or none of that level: it was looked up by name and ${levelText(identity.role)}, not by name alone`;

function stoppedBeforeRakp1({ request, response }: LogIn20): Verdict {
  const step = 'Open Session';
  if (response === undefined)
    return givenUp(step, 'BMC', 'the answer to Open Session is not what it has to be');
  if (response.consoleId !== request?.consoleId && request !== undefined)
    return givenUp(step, 'BMC', "the console's session id came back as another one");
  if (response.maxPrivilege === 0)
    return givenUp(
      step,
      'highest privilege of 0',
      'the BMC answered with a highest privilege of 0, which FreeIPMI takes for none: its workaround is -W opensesspriv',
    );
  const asked = request && suiteText(request);
  if (asked !== undefined && asked !== suiteText(response))
    return givenUp(step, 'suite', `the BMC chose ${suiteText(response)}, the console asked for ${asked}`);
  return givenUp(step, 'console', 'the console did not go on, though Open Session was answered');
}

const givenOf = ({ key }: CodeFinding): string => key?.which ?? 'the password given';

/** Neither RAKP 3 nor what it says: the console has compared the code of RAKP 2 with its own. */
function stoppedAtRakp2({ codes: { rakp2 } }: LogIn20, status: number | undefined): Verdict {
  const how =
    status === undefined
      ? 'the console stopped after RAKP 2'
      : `the console refused RAKP 2 (${hex2(status)}h, ${REFUSALS[status] ?? 'status'})`;
  const end = (cause: Cause, text: string): Verdict => givenUp('RAKP 2', cause, `${how}: ${text}`);
  if (rakp2 === undefined)
    return end(
      'password',
      'mostly its password is another than the BMC has; with a password given, the sides can be told apart',
    );
  if (rakp2.isRight === true)
    return end('password', `the BMC has ${givenOf(rakp2)}, the console has another one`);
  if (rakp2.isRight === false)
    return end(rakp2.differs ?? 'other', `the BMC made its code with ${rakp2.how}`);
  if (rakp2.differs === 'code length') return end('code length', `the BMC's code has ${rakp2.how}`);
  return end('password', 'the BMC does not have the password given');
}

function refusedAtRakp3(rakp2: CodeFinding | undefined, rakp3: CodeFinding | undefined): Verdict {
  const end = (cause: Cause, text: string): Verdict =>
    refused('RAKP 3', cause, `the BMC refused the code of RAKP 3 (0Fh): ${text}`);
  if (rakp3 === undefined || rakp2 === undefined)
    return end(
      'password',
      'another password, name or privilege byte; with a password given, the sides can be told apart',
    );
  if (rakp3.isRight === false) return end(rakp3.differs ?? 'other', `the console made it with ${rakp3.how}`);
  if (rakp3.isRight === undefined && rakp2.isRight !== undefined)
    return end(
      rakp3.differs ?? 'password',
      rakp3.how || `the BMC has ${givenOf(rakp2)}, the console has another one`,
    );
  if (rakp3.isRight === undefined) return end('password', 'neither side has the password given');
  if (rakp2.isRight === undefined)
    return end('password', `the console has ${givenOf(rakp3)}, the BMC has another one`);
  if (rakp2.isRight && rakp2.key?.which !== rakp3.key?.which)
    return end('password', `the console has ${givenOf(rakp3)}, the BMC has ${givenOf(rakp2)}`);
  if (!rakp2.isRight)
    return end(rakp2.differs ?? 'other', `it is right, but the BMC works with ${rakp2.how}`);
  return end('BMC', 'it is what the specification has, and RAKP 2 too: the BMC computes something else');
}

/** RAKP 4 let the console in, and it never used the session: it has compared that code as well. */
function stoppedAtRakp4(rakp4: SessionFinding | undefined): Verdict {
  const end = (cause: Cause, text: string): Verdict =>
    givenUp('RAKP 4', cause, `the BMC opened the session, the console did not use it: ${text}`);
  if (rakp4 === undefined)
    return end('K_g', 'mostly its K_g is another, or it has one and the BMC none (ipmitool -k, -y)');
  if (rakp4.keys === undefined)
    return end(
      'K_g',
      'RAKP 4 was made with another K_g than was given: the BMC has one that the console has not',
    );
  if (rakp4.differs === 'K_g') return end('K_g', `the BMC has ${rakp4.how}`);
  if (rakp4.differs !== undefined) return end(rakp4.differs, `the BMC made RAKP 4 with ${rakp4.how}`);
  return rakp4.isWithoutKg
    ? end('K_g', 'the BMC has no K_g, so the console has one (ipmitool -k, -y)')
    : end('K_g', `the BMC has ${rakp4.key?.which ?? 'the K_g given'}, so the console has another or none`);
}
