// Stores of our own: the event log is a file of lines that anybody can read, the users are a table that the rest of
// the program works with. `node --import tsx examples/own-stores/main.ts events.log 9623`, then `ipmitool ... sel list`.
import { Bmc, type OwnStores } from 'ipmi-bmc';
import { nodeWorld } from 'ipmi-bmc/world';
import { SelFile } from './sel-file.ts';

const [file = 'events.log', port = '0'] = process.argv.slice(2);

/** What the rest of the program knows of its people. */
const people = [{ id: 2, login: 'admin', secret: 'secret-enough', active: true }];
const person = (id: string) => people.find((one) => one.id === Number(id));
const ADMINISTRATOR = {
  callback: false,
  linkAuthentication: true,
  messaging: true,
  privilegeLimit: 4,
  sessionLimit: 0,
};

const users: OwnStores['users'] = {
  keys: () => people.map(({ id }) => String(id)),
  get(id) {
    const found = person(id);
    return found && { name: found.login, enabled: found.active, access: { 1: ADMINISTRATOR } };
  },
  set(id, { name, enabled }) {
    const found = person(id);
    if (found) Object.assign(found, { login: name, active: enabled });
    else people.push({ id: Number(id), login: name, secret: '', active: enabled });
    console.log(
      `people: ${people.map(({ login, active }) => `${login}${active ? '' : ' (off)'}`).join(', ')}`,
    );
  },
  delete: () => undefined,
};
const passwords: OwnStores['passwords'] = {
  keys: () => people.map(({ id }) => String(id)),
  get(id) {
    const bytes = new Uint8Array(20);
    const found = person(id);
    if (found === undefined) return undefined;
    bytes.set(Buffer.from(found.secret));
    return { bytes, size: 16 };
  },
  set(id, { bytes }) {
    const found = person(id);
    if (found) found.secret = Buffer.from(bytes).toString().replace(/\0+$/, '');
  },
  delete: () => undefined,
};

const bmc = new Bmc(
  { interfaces: [{ type: 'lan', listen: `127.0.0.1:${port}` }] },
  { world: nodeWorld(), stores: { sel: new SelFile(file), users, passwords } },
);
await bmc.open();
console.log(`listening on ${bmc.interfaces[0].address}`);
process.once('SIGTERM', () => void bmc.close());
