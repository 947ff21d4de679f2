// An OEM command in TypeScript for all BMCs of a cluster, served by any number of these processes: the same set that
// bmc.router.register takes.
//
//   ipmi-bmc run --cluster nats://127.0.0.1:4222 --host rack-1 &
//   node --import tsx examples/cluster-handlers/main.ts nats://127.0.0.1:4222
//   ipmitool -I lanplus ... raw 0x2e 0x10 0xcd 0xab 0x00 1 60     # 60 % in zone 1
import { hostname } from 'node:os';
import { Worker } from 'ipmi-bmc/client';
import { HandlerStream, natsBus } from 'ipmi-bmc/cluster';
import { CC, IpmiError, u8 } from 'ipmi-bmc/codec';
import { command, GetDeviceId, NetFn, Privilege } from 'ipmi-bmc/commands';
import { handle } from 'ipmi-bmc/handlers';
import { nodeWorld } from 'ipmi-bmc/world';

const SetFanDuty = command({
  name: 'Acme Set Fan Duty',
  spec: 'acme-oem §3',
  netFn: NetFn.OemGroup,
  body: 0x00abcd,
  cmd: 0x10,
  privilege: Privilege.Operator,
  request: { zone: u8, duty: u8 },
  response: { applied: u8 },
});

const world = nodeWorld();
const bus = await natsBus({
  clock: world.clock,
  servers: [process.argv[2] ?? 'nats://127.0.0.1:4222'],
  name: 'acme-fans',
  // It answers requests and keeps nothing; its answers come where a handler's user may hear (nats.conf).
  isPlain: true,
  inbox: 'ipmi.handler.acme-fans.inbox',
});
const stream = new HandlerStream(bus, world, { from: `main.ts on ${hostname()}`, shared: true });
const worker = new Worker(stream, world.clock);
worker.onProblem = (problem) => console.error(problem);

const registration = await worker.register({
  owner: 'acme-fans',
  handlers: [
    handle(SetFanDuty, ({ zone, duty }, { session, requester }) => {
      if (duty > 100) throw new IpmiError(CC.ParameterOutOfRange, `duty ${duty}% in zone ${zone}`);
      console.log(`zone ${zone}: ${duty}%, says ${session?.userName ?? 'the host'} at ${requester}`);
      return { applied: duty };
    }),
    handle(
      GetDeviceId,
      async (request, _context, next) => ({ ...(await next(request)), productId: 0x4711 }),
      { override: 'standard' },
    ),
  ],
});
console.log('registered');

process.once('SIGTERM', () => {
  // Requests under way are answered first.
  void registration
    .unregister()
    .then(() => worker.close())
    .then(() => bus.close());
});
