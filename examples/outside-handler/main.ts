// An OEM command in TypeScript, in a process of its own: the same set that bmc.router.register takes, over
// the handler socket.
//
//   ipmi-bmc run --lan 127.0.0.1:9623 --handler-socket /tmp/handlers.sock &
//   node --import tsx examples/outside-handler/main.ts /tmp/handlers.sock
//   ipmitool -I lanplus ... raw 0x2e 0x10 0xcd 0xab 0x00 1 60     # 60 % in zone 1
import { Worker } from 'ipmi-bmc/client';
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
const worker = new Worker(
  await world.stream.connect({ path: process.argv[2] ?? '/tmp/handlers.sock' }),
  world.clock,
);
worker.onProblem = (problem) => console.error(problem);
// Its claims are gone with the connection: a service manager starts it again.
worker.onClose = () => process.exit(1);

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
  worker.onClose = undefined;
  // Requests under way are answered first.
  void registration.unregister().then(() => worker.close());
});
