// A payload type of one's own, both ends of it: `node --import tsx examples/oem-payload/main.ts`.
// The BMC streams a counter to whoever activates payload 20h, and a client reads three numbers of it.
import { Bmc } from 'ipmi-bmc';
import { connectLan } from 'ipmi-bmc/client';
import { ActivatePayload, DeactivatePayload, GetChannelOemPayloadInfo, Privilege } from 'ipmi-bmc/commands';
import { nodeWorld } from 'ipmi-bmc/world';

const ACME = 0x00abcd; // IANA enterprise number
const COUNTER = { payloadType: 0x20, instance: 1, auxiliary: new Uint8Array(4) };

const bmc = new Bmc({
  interfaces: [{ type: 'lan', listen: '127.0.0.1:0' }],
  users: [{ id: 2, name: 'admin', password: 'secret-enough' }],
});
bmc.payloads.register({
  owner: 'acme',
  name: 'Acme counter',
  type: 0x20,
  iana: ACME,
  payloadId: 1,
  majorVersion: 1,
  minorVersion: 0,
  instances: 4,
  inboundSize: 16,
  outboundSize: 16,
  privilege: () => Privilege.User,
  activate: ({ send, session }) => {
    let count = 0;
    return {
      // Each payload from the client asks for the next number.
      receive: ([step]) => send(Uint8Array.of((count += step))),
      closed: (reason) => console.log(`${session.userName} is done (${reason}), counted to ${count}`),
    };
  },
});
await bmc.open();

const [host, port] = bmc.interfaces[0].address.split(':');
const client = await connectLan(nodeWorld(), {
  host,
  port: Number(port),
  user: 'admin',
  password: 'secret-enough',
});
const info = await client.send(GetChannelOemPayloadInfo, {
  channel: 0xe,
  payloadType: 0x20,
  iana: 0,
  payloadId: 0,
});
console.log(
  `payload 20h is number ${info.payloadId} of ${info.iana.toString(16)}h, version ${info.majorVersion}.${info.minorVersion}`,
);
await client.send(ActivatePayload, COUNTER);
const line = client.payload(0x20);
for (const step of [1, 2, 3]) {
  const answer = new Promise<number>((resolve) => (line.onPayload = ([count]) => resolve(count)));
  line.send(Uint8Array.of(step));
  console.log(await answer);
}
await client.send(DeactivatePayload, COUNTER);
await client.close();
await bmc.close();
