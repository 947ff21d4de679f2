// Two chassis of four controllers each, in one process, joined by an ICMB. Software of chassis A finds
// chassis B, asks what controllers are there, and reads a sensor behind each of them.
import { Bmc, type BmcOptions } from 'ipmi-bmc';
import { loopback } from 'ipmi-bmc/client';
import {
  BridgeRequest,
  GetAddresses,
  InboundRequest,
  OutboundRequest,
  GetDeviceId,
  Privilege,
  type Command,
  type Request,
  type Response,
  GetSensorReading,
} from 'ipmi-bmc/commands';
import { IcmbNetwork } from 'ipmi-bmc/interfaces';
import { Context } from 'ipmi-bmc/router';
import { nodeWorld } from 'ipmi-bmc/world';

const temperature = (value: number) => [
  { name: 'Temp', number: 1, entity: '11.1', type: 'temperature', unit: 'degrees C', value },
];
const CONTROLLERS = [0x20, 0x82, 0x84, 0x86];

const chassis = (name: string, warmth: number): BmcOptions => ({
  name,
  interfaces: [{ type: 'lan', listen: '127.0.0.1:0' }, { type: 'icmb' }],
  sensors: temperature(warmth),
  satellites: CONTROLLERS.slice(1).map((address, i) => ({
    address,
    identity: { deviceId: address },
    sensors: temperature(warmth + i + 1),
  })),
});

const world = nodeWorld();
const icmb = new IcmbNetwork(world);
const a = new Bmc(chassis('A', 20), { world, icmb });
const b = new Bmc(chassis('B', 40), { world, icmb });
await a.open();
await b.open();

const software = loopback(
  a.router.dispatch,
  new Context(a, { number: 15, medium: 'system-interface', maxAnswer: 248 }, Privilege.Administrator),
);

/** A command for a controller of another chassis: the bridge there sends it on over its own IPMB. */
async function ask<C extends Command>(
  bridge: number,
  slaveAddress: number,
  command: C,
  request: Request<C>,
): Promise<Response<C>> {
  const { netFn, cmd } = command;
  const data = InboundRequest.encode({
    slaveAddress,
    netFn,
    lun: 0,
    cmd,
    data: command.request.encode(request),
  });
  const message = OutboundRequest.encode({ remoteAddress: bridge, remoteCommand: BridgeRequest.cmd, data });
  const { answer } = await software.send(BridgeRequest, { message });
  if (answer[0] !== 0 || answer[1] !== 0) throw new Error(`refused: ${answer.join(' ')}`);
  return command.response.decode(answer, 2) as Response<C>;
}

const { addresses } = await software.send(GetAddresses);
for (const bridge of addresses) {
  for (const controller of CONTROLLERS) {
    const { deviceId } = await ask(bridge, controller, GetDeviceId, {});
    const { reading } = await ask(bridge, controller, GetSensorReading, { sensorNumber: 1 });
    console.log(
      `chassis ${bridge}, controller ${controller.toString(16)}h: device ${deviceId}, ${reading} degrees`,
    );
  }
}
await a.close();
await b.close();
