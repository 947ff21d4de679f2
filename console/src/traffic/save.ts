import { entryLine, headerLine, tapeHeader, type RequestEntry } from 'ipmi-bmc/tape';
import { bytesOf } from './opened.ts';
import type { Passed } from './passed.ts';

/** Has the browser store it as a file. */
export function download(name: string, parts: readonly BlobPart[], type: string): void {
  const url = URL.createObjectURL(new Blob([...parts], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** The requests as a tape, the oldest first: `ipmi-bmc tape` shows and replays it. */
export function tapeOf(bmc: string, passed: readonly Passed[]): string {
  const began = Date.parse(passed[0]?.time ?? '') || Date.now();
  const entries = passed.flatMap(({ time, channel, asked }): RequestEntry[] => {
    if (asked === undefined) return [];
    const { netFn, cmd, lun, privilege, session, user, command: name, microseconds: us } = asked;
    const data = bytesOf(asked.data);
    const answer = asked.late ? new Uint8Array(0) : bytesOf(asked.reply);
    const message = { netFn, cmd, lun, data };
    const hides = { hidesRequest: false, hidesAnswer: false };
    const t = Math.max(0, Date.parse(time) - began);
    return [{ kind: 'request', t, channel, session, user, privilege, message, answer, us, name, ...hides }];
  });
  return `${[headerLine(tapeHeader(bmc, began, 'ipmi-bmc web console')), ...entries.map(entryLine)].join('\n')}\n`;
}
