/**
 * A reader of standard output or error that goes away (EPIPE), a terminal that is closed (EIO) or a disk that
 * is full costs lines, never the process.
 */
export function surviveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    if (stream.listenerCount('error') === 0) stream.on('error', noLine);
}

/** Where the complaint could be written is what is gone. */
const noLine = (): void => undefined;

/**
 * How the reader types this program: what `npx` started is not on the PATH. The environment may be inherited:
 * it says whom `npx` started.
 */
export const program = (
  { npm_lifecycle_event: how, npm_lifecycle_script: what = '' }: NodeJS.ProcessEnv = process.env,
): string => (how === 'npx' && /\bipmi-bmc\b/.test(what) ? 'npx ipmi-bmc' : 'ipmi-bmc');

/**
 * Names in a message come from the network: a line break or an escape sequence among them must not look like
 * a line of ours, nor may letters that turn the direction of writing, or that nobody sees, make it read as
 * another one.
 */
export const plain = (text: string): string =>
  text.replace(
    // oxlint-disable-next-line no-control-regex
    /[\0-\x1f\x7f-\x9f\u2028\u2029]|\p{Cf}/gu,
    (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
