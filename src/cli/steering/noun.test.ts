import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliError } from '../errors.ts';
import { version } from '../version.ts';
import { declare, noun } from './noun.ts';

let folder: string;
let server: Server | undefined;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'noun-'))));
afterEach(async () => {
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
  server = undefined;
  rmSync(folder, { recursive: true });
});

const mistake = new TypeError("Cannot read properties of undefined (reading 'map')");

/** What a command fails with that makes this mistake of a daemon that answers so; undefined: nobody is there. */
async function failure(answer: object | null | undefined, error: Error = mistake): Promise<unknown> {
  const socket = join(folder, 'socket');
  if (answer !== undefined) {
    server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server!.listen(socket, resolve));
  }
  const program = new Command().exitOverride();
  const list = noun({ name: 'list', summary: '', examples: [], act: () => Promise.reject(error) });
  declare(program, () => undefined, list);
  return program.parseAsync(['list', '--socket', socket], { from: 'user' }).catch((told: unknown) => told);
}

test.each([[{ version: '0.0.1' }], [{ hello: 1 }], [null], [[]]])(
  "17.8: what comes of an answer as of %j is another program's",
  async (answer) => {
    const told = await failure(answer);
    expect(told).toBeInstanceOf(CliError);
    expect(told).toMatchObject({
      exit: 1,
      cause: mistake,
      message: expect.stringMatching(
        /^what it answers is not what 'list' expects \(Cannot read .*this version/,
      ),
    });
  },
);

test('17.8: a mistake of a command is its own where an ipmi-bmc of this version answers, or nobody', async () => {
  expect(await failure({ version })).toBe(mistake);
  await new Promise((resolve) => server!.close(resolve));
  server = undefined;
  expect(await failure(undefined)).toBe(mistake);
});

test("17.8: an error of Node's own with a code is told as what it is", async () => {
  const own = Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL' });
  expect(await failure({}, own)).toBe(own);
});
