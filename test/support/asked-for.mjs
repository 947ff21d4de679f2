// Loaded into a command by NODE_OPTIONS=--import: each request that it sends is a line of the file ASKED_FOR.
import { appendFileSync } from 'node:fs';
import { subscribe } from 'node:diagnostics_channel';

const { ASKED_FOR: file } = process.env;
if (file !== undefined)
  subscribe('http.client.request.start', ({ request }) =>
    appendFileSync(file, `${request.method} ${request.path}\n`),
  );
