// Two kinds of our own that a config file names by `type`: a power strip, and a console that repeats what it is
// told. Their keys are checked with those of the file, `file:line:column` for each mistake.
import { Bmc } from 'ipmi-bmc';
import { connectLan } from 'ipmi-bmc/client';
import { ChassisControl } from 'ipmi-bmc/commands';
import { parseConfig, type BackendKind, type ConsoleKind, type Kinds } from 'ipmi-bmc/config';
import { nodeWorld } from 'ipmi-bmc/world';

const strip: BackendKind<{ readonly type: 'strip'; readonly outlet: number }> = {
  type: 'strip',
  schema: (zod) => zod.strictObject({ type: zod.literal('strip'), outlet: zod.int().min(1).max(8) }),
  make: ({ outlet }, { name }) => ({
    backend: { power: (action) => console.log(`${name}: outlet ${outlet} ${action}`) },
  }),
};

const echo: ConsoleKind<{ readonly type: 'echo'; readonly greeting: string }> = {
  type: 'echo',
  schema: (zod) => zod.strictObject({ type: zod.literal('echo'), greeting: zod.string() }),
  async plug({ greeting }, { bmc, name }) {
    console.log(`${name}: ${greeting}`);
    let there = (): void => undefined;
    bmc.console.plug((port) => {
      there = () => port.available(true);
      return {
        write: (characters) => {
          port.received(characters);
          return true;
        },
        close: async () => undefined,
      };
    });
    there();
  },
};

const kinds: Kinds = { backends: [strip], consoles: [echo] };
const file = (type: string, outlet: number): string => `name: node
interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
users: [{ id: 2, name: admin, password: secret-enough }]
chassis: { backend: { type: ${type}, outlet: ${outlet} } }
sol: { console: { type: echo, greeting: the console repeats } }
`;

for (const wrong of [file('strip', 9), file('stripe', 1)])
  try {
    parseConfig(wrong, 'bmc.yaml', kinds);
  } catch (error) {
    console.log((error as Error).message);
  }

const world = nodeWorld();
const [options] = parseConfig(file('strip', 3), 'bmc.yaml', kinds);
const bmc = new Bmc(options, { world, kinds });
await bmc.open();
const [host, port] = bmc.interfaces[0].address.split(':');
const client = await connectLan(world, {
  host,
  port: Number(port),
  user: 'admin',
  password: 'secret-enough',
});
await client.send(ChassisControl, { action: 0 });
await client.close();
await bmc.close();
