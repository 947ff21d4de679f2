// An OEM command with privilege, refusal and an override, and a typed client that calls it over LAN.
import { Bmc } from 'ipmi-bmc';
import { connectLan } from 'ipmi-bmc/client';
import { CC, IpmiError, u8 } from 'ipmi-bmc/codec';
import { GetDeviceId, command, NetFn, Privilege } from 'ipmi-bmc/commands';
import { handle } from 'ipmi-bmc/handlers';
import { nodeWorld } from 'ipmi-bmc/world';

const ACME = 0x00abcd;
const SetFanDuty = command({
  name: 'Acme Set Fan Duty',
  spec: 'acme-oem §3',
  netFn: NetFn.OemGroup,
  body: ACME,
  cmd: 0x10,
  privilege: Privilege.Operator,
  request: { zone: u8, duty: u8 },
  response: { applied: u8 },
});

const world = nodeWorld();
const bmc = new Bmc(
  {
    interfaces: [{ type: 'lan', listen: '127.0.0.1:0' }],
    users: [{ id: 2, name: 'admin', password: 'secret-enough' }],
  },
  { world },
);
bmc.router.register({
  owner: 'acme-fans',
  handlers: [
    handle(SetFanDuty, ({ zone, duty }) => {
      if (duty > 100) throw new IpmiError(CC.ParameterOutOfRange, `duty ${duty}% in zone ${zone}`);
      return { applied: duty };
    }),
    handle(
      GetDeviceId,
      async (request, _context, next) => ({ ...(await next(request)), productId: 0x4711 }),
      { override: 'standard' },
    ),
  ],
});
await bmc.open();

const [host, port] = bmc.interfaces[0].address.split(':');
const client = await connectLan(world, {
  host,
  port: Number(port),
  user: 'admin',
  password: 'secret-enough',
});
console.log('applied', (await client.send(SetFanDuty, { zone: 1, duty: 60 })).applied);
console.log('product', (await client.send(GetDeviceId)).productId.toString(16));
await client.send(SetFanDuty, { zone: 1, duty: 140 }).catch((error: Error) => console.log(error.message));
await client.close();
await bmc.close();
