// Kinds of our own (kinds.ts) that settings name by `type`, as they name those of the package: in a config file, whose
// mistakes are told with `file:line:column`, and in a program, where the compiler knows them.
import { Bmc } from 'ipmi-bmc';
import { connectLan } from 'ipmi-bmc/client';
import { ChassisControl } from 'ipmi-bmc/commands';
import { parseConfig } from 'ipmi-bmc/config';
import { nodeWorld } from 'ipmi-bmc/world';
import { kinds } from './kinds.ts';

const file = (type: string, outlet: number): string => `name: node
interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
users: [{ id: 2, name: admin, password: secret-enough }]
chassis: { backend: { type: ${type}, outlet: ${outlet} } }
`;
for (const wrong of [file('strip', 9), file('stripe', 1)])
  try {
    parseConfig(wrong, 'bmc.yaml', kinds);
  } catch (error) {
    console.log((error as Error).message);
  }

const world = nodeWorld();
const [{ users, interfaces: [lan] = [] }] = parseConfig(file('strip', 3), 'bmc.yaml', kinds);
const bmc = new Bmc(
  {
    name: 'node',
    users,
    interfaces: [lan, { type: 'hex-lines', port: 0 }],
    chassis: { backend: { type: 'strip', outlet: 3 } },
    sol: { console: { type: 'echo', greeting: 'the console repeats' } },
    sensors: [
      {
        name: 'Room',
        entity: '7.1',
        type: 'temperature',
        unit: 'degrees C',
        range: [0, 255],
        value: { daily: 21, height: 0.01 },
      },
    ],
  },
  { world, kinds },
);
await bmc.open();
const [ofLan, ofLines] = bmc.interfaces.map(({ address }) => {
  const [host, port] = address.split(':');
  return { host, port: Number(port) };
});

const client = await connectLan(world, { ...ofLan, user: 'admin', password: 'secret-enough' });
await client.send(ChassisControl, { action: 0 });
console.log(`the room has ${bmc.sensors.get('Room').read().raw} degrees`);
await client.close();

const lines = await world.stream.connect(ofLines);
const answer = new Promise<string>((resolve) => {
  lines.onData = (bytes) => resolve(Buffer.from(bytes).toString().trim());
});
lines.write(Buffer.from('18 01\n'));
console.log(`Get Device ID by a line: ${(await answer).slice(0, 8)}`);
lines.destroy();
await bmc.close();
