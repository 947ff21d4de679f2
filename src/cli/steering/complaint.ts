import type { ProblemDocument } from '../../control/problem.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { program } from '../output.ts';

/** Requests in a next step that are a command here; the others are for those who speak HTTP. */
const COMMANDS: readonly (readonly [RegExp, string])[] = [
  [/\bPOST \/v1\/bmcs\/([^\s/]+)\/(start|stop|restart)\b/g, '$2 $1'],
  [/\bDELETE \/v1\/bmcs\/([^\s/]+)/g, 'remove $1'],
];
const OF_HTTP = /\b(?:GET|POST|PUT|DELETE) \/|^(?:Authorization|Content-Type)\b/;

/** A refusal of a daemon: lines for people, and what the process ends with. */
export function complaintOf(problem: ProblemDocument): { readonly lines: string; readonly exit: ExitCode } {
  const { detail, nearest, problems } = problem;
  const meant =
    nearest !== undefined && !detail.includes('did you mean') ? `did you mean '${nearest}'?` : undefined;
  const first = [detail, meant, nextOf(problem)].filter((part) => part !== undefined).join('; ');
  return {
    lines: problems === undefined || problems.length < 2 ? first : problems.join('\n'),
    exit: exitOf(problem),
  };
}

function exitOf({ status }: ProblemDocument): ExitCode {
  if (status === 404) return EXIT.notThere;
  return status === 400 || status === 413 ? EXIT.mistake : EXIT.failed;
}

function nextOf({ type, next }: ProblemDocument): string | undefined {
  const kind = type.split(':').at(-1);
  if (kind === 'unknown-bmc') return `\`${program()} list\` shows them`;
  if (kind === 'unauthorized') return 'give --token-file';
  if (kind === 'unknown-route') return 'the daemon is of another version';
  const typed = COMMANDS.reduce(
    (text, [request, command]) => text?.replace(request, `\`${program()} ${command}\``),
    next,
  );
  return typed !== undefined && !OF_HTTP.test(typed) ? typed : undefined;
}
