// Does your monitor find what is wrong with a BMC? Five of them, four sick on purpose, over real sockets; put
// your own monitor in place of `finding` and run it in CI: it exits with 1 where a finding is another one.
//   node --import tsx examples/sick-fleet/main.ts
import { Bmc, type BmcOptions } from 'ipmi-bmc';
import { connectLan, type LanClient } from 'ipmi-bmc/client';
import { ChassisControl, GetSelfTestResults, GetSelTime } from 'ipmi-bmc/commands';
import { nodeWorld } from 'ipmi-bmc/world';

const login = { user: 'admin', password: 'secret-enough' };
const world = nodeWorld();

async function start(name: string, more: BmcOptions): Promise<Bmc> {
  const bmc = new Bmc({
    name,
    interfaces: [{ type: 'lan', listen: '127.0.0.1:0' }],
    users: [{ id: 2, name: login.user, password: login.password }],
    ...more,
  });
  await bmc.open();
  return bmc;
}

const connect = (bmc: Bmc): Promise<LanClient> => {
  const [host, port] = bmc.interfaces[0].address.split(':');
  return connectLan(world, { host, port: Number(port), ...login, retryAfter: 200, tries: 2 });
};

/** The monitor that is put to the test. */
async function finding(bmc: Bmc): Promise<string> {
  let client: LanClient;
  try {
    client = await connect(bmc);
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'silent' : 'no session to be had';
  }
  const { result } = await client.send(GetSelfTestResults);
  const { time } = await client.send(GetSelTime);
  await client.close();
  if (result === 0x58) return 'hardware fault';
  return Math.abs(time - Date.now() / 1000) > 3600 ? 'clock is wrong' : 'well';
}

const patients: readonly (readonly [name: string, expected: string, settings: BmcOptions])[] = [
  ['node-0', 'well', {}],
  ['node-1', 'hardware fault', { faults: { presets: ['dying-psu'] } }],
  ['node-2', 'no session to be had', { faults: { presets: ['out-of-sessions'] } }],
  ['node-3', 'clock is wrong', { faults: { presets: ['wrong-clock'] } }],
  ['node-4', 'silent', { faults: { rules: [{ id: 'cable', then: { loss: '100%' } }] } }],
];
for (const [name, expected, settings] of patients) {
  const bmc = await start(name, settings);
  const found = await finding(bmc);
  console.log(`${name}: ${found}`);
  if (found !== expected) {
    console.error(`${name}: expected ${expected}`);
    process.exitCode = 1;
  }
  await bmc.close();
}

// A machine that does not hear of a soft shutdown: ten minutes of its time, in none of yours.
const bmc = await start('node-5', {
  clock: 'virtual',
  faults: { rules: [{ id: 'hung', then: { softOff: 'ignored' } }] },
});
const client = await connect(bmc);
await client.send(ChassisControl, { action: 5 });
await client.close();
await bmc.clock.advance('10m');
console.log(`node-5: ${bmc.chassis.isOn ? 'still on after ten minutes' : 'off'}`);
const again = await connect(bmc);
await again.send(ChassisControl, { action: 0 });
await again.close();
console.log(`node-5: ${bmc.chassis.isOn ? 'still on' : 'off'} once it was forced`);
await bmc.close();
