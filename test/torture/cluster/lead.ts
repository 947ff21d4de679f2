// `lead.ts URL SERVER`, at the client: has this server lead every stream, and prints how many there are. Which
// server leads is chance else, and what happens to a machine that leads nothing is easily borne.
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

const [url, server] = process.argv.slice(2);
/** Tenths of a second for each stream: one that has missed something is not led by who has missed it. */
const TRIES = 200;
/** Of these, until it is said again. */
const AGAIN = 20;

const connection = await connect({ servers: [url], timeout: 5000 });
const manager = await jetstreamManager(connection, { timeout: 5000 });
const preferred = JSON.stringify({ placement: { preferred: server } });
let streams = 0;
let answer = '';
for await (const { config } of manager.streams.list()) {
  streams++;
  const leads = async (): Promise<boolean> => {
    const { cluster } = await manager.streams.info(config.name);
    return cluster?.leader === server;
  };
  for (let tries = 0; !(await leads()); tries++) {
    if (tries === TRIES) throw new Error(`${server} does not lead ${config.name}: ${answer}`);
    if (tries % AGAIN === 0) {
      // A leader that is asked for somebody whom it has not heard of lately stays: then anybody else may lead, who has.
      const wanted = (tries / AGAIN) % 2 === 0 ? preferred : '{}';
      const subject = `$JS.API.STREAM.LEADER.STEPDOWN.${config.name}`;
      answer = (await connection.request(subject, wanted, { timeout: 5000 })).string();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
console.log(streams);
await connection.close();
