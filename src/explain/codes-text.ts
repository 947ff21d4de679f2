import type { CodeFinding, SessionFinding } from './codes.ts';
import type { LogIn } from './conversations.ts';
import { LogIn20 } from './log-in-20.ts';

/** What became of each code that could be looked at. */
export function codesText(logIn: LogIn): string[] {
  if (!(logIn instanceof LogIn20)) {
    const { fitting } = logIn;
    return fitting?.which === undefined ? [] : [`the console has ${fitting.which}`];
  }
  const { rakp2, rakp3, rakp4 } = logIn.codes;
  const line = (name: string, finding: CodeFinding | SessionFinding | undefined): string[] => {
    if (finding === undefined) return [];
    const which = finding.key?.which;
    if (finding.isRight === true) return [`${name}: right${which === undefined ? '' : `, with ${which}`}`];
    return [
      `${name}: ${finding.isRight === undefined ? 'made with nothing that was given' : `made with ${finding.how}`}`,
    ];
  };
  return [...line('RAKP 2', rakp2), ...line('RAKP 3', rakp3), ...line('RAKP 4', rakp4)];
}
