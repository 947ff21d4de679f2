// `writer.ts COUNT WRITERS`, at the client: writes SEL entries and user names to BMCs by this project's client, each
// BMC by one writer alone. A line on standard input (what others wrote, as JSON) ends it; it then reads everything
// back and prints what it found.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { connectLan, readSel, type LanClient } from '../../../src/client/index.ts';
import { GetUserName, SetUserName } from '../../../src/commands/app/users.ts';
import { AddSelEntry } from '../../../src/commands/storage/sel.ts';
import { nodeWorld } from '../../../src/world/index.ts';
import { addressOf } from './machines.ts';
import { recordOf, serialOf, type Found, type Written } from './written.ts';

const [count, writers] = process.argv.slice(2).map(Number);
const world = nodeWorld();
const USER = 5;
const all = new Map<number, Written>();
let serial = 1;
let isOver = false;
let cut = 0;
let writes = 0;

const open = (bmc: number, tries = 3): Promise<LanClient> =>
  connectLan(world, {
    host: addressOf(bmc),
    user: 'admin',
    password: 'secret-enough',
    cipherSuite: 3,
    retryAfter: 400,
    tries,
  });

async function visit(bmc: number): Promise<void> {
  const written = all.get(bmc) ?? { entries: [], names: [] };
  all.set(bmc, written);
  const client = await open(bmc);
  for (let i = 0; i < 3 && !isOver; i++) {
    const entry = serial++;
    await client.send(AddSelEntry, { record: recordOf(entry) });
    written.entries.push(entry);
    writes++;
    const name = serial++;
    // Sent, whether acknowledged or not: the last one that is there is this one or a later one.
    written.names.push(-name);
    await client.send(SetUserName, { userId: USER, name: `u${name}` });
    written.names[written.names.length - 1] = name;
    writes++;
  }
  await client.close();
}

async function writer(own: number): Promise<void> {
  for (let n = 0; !isOver; n++) {
    const bmc = (own + writers * Math.floor((count / writers) * ((n * 0.618) % 1))) % count;
    await visit(bmc).catch(() => cut++);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function check(bmc: number, written: Written): Promise<string[]> {
  const client = await open(bmc, 6);
  const found = new Set((await readSel(client)).map(serialOf));
  const lost = written.entries.filter((entry) => !found.has(entry)).map((entry) => `${bmc}: entry ${entry}`);
  const last = written.names.findLastIndex((name) => name > 0);
  if (last >= 0) {
    const { name } = await client.send(GetUserName, { userId: USER });
    const able = written.names.slice(last).map((each) => `u${Math.abs(each)}`);
    if (!able.includes(name)) lost.push(`${bmc}: name ${able[0]}, there is ${name}`);
  }
  await client.close();
  return lost;
}

async function checked([bmc, written]: [number, Written]): Promise<string[]> {
  for (let tries = 3; ; tries--)
    try {
      return await check(bmc, written);
    } catch (error) {
      if (tries === 0) return [`${bmc}: cannot be read: ${String(error)}`];
    }
}

const running = Array.from({ length: writers }, (_, i) => writer(i));
const [line] = (await once(createInterface(process.stdin), 'line')) as [string];
isOver = true;
await Promise.all(running);
for (const [bmc, entries] of JSON.parse(line) as [number, number[]][]) {
  const written = all.get(bmc) ?? { entries: [], names: [] };
  all.set(bmc, { ...written, entries: [...written.entries, ...entries] });
  writes += entries.length;
}
const lost: string[] = [];
const left = [...all];
const reader = async (): Promise<void> => {
  for (let next = left.pop(); next; next = left.pop()) lost.push(...(await checked(next)));
};
await Promise.all(Array.from({ length: 16 }, reader));
console.log(JSON.stringify({ acknowledged: writes, bmcs: all.size, cut, lost } satisfies Found));
process.exit(0);
