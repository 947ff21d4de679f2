import type { Command } from 'commander';
import type { Ended } from './ended.ts';

/** Loaded where they are asked for. */
const cluster = (): Promise<typeof import('./cluster.ts')> => import('./cluster.ts');

/** How a command reaches a cluster. */
const reaching = (command: Command): Command =>
  command
    .option(
      '--cluster <urls>',
      'NATS of the cluster, nats://host:port, a comma between several (or IPMI_BMC_CLUSTER)',
    )
    .option('--config <file>', 'a file with a cluster section, as the hosts have it')
    .option('--json', 'print it as JSON');

/** `cluster`: hosts that share a fleet file over NATS. */
export function clusterCommands(program: Command, ended: Ended): void {
  const group = program
    .command('cluster')
    .description('look at a cluster of hosts over NATS, and say which BMCs it has')
    .addHelpText('after', '\nExample:\n  ipmi-bmc cluster hosts --cluster nats://10.0.0.1:4222');
  reaching(group.command('apply').argument('<file>', 'YAML file of BMCs; - for standard input'))
    .option('--seal-key <file>', 'key that seals what the cluster stores (else IPMI_BMC_SEAL_KEY)')
    .description('make this the fleet file of the cluster: its hosts share the BMCs of it')
    .addHelpText('after', '\nExample:\n  ipmi-bmc cluster apply fleet.yaml --cluster nats://10.0.0.1:4222')
    .action(async (file: string, options) => ended(await (await cluster()).applyFleet(file, options)));
  reaching(group.command('hosts'))
    .description('list the hosts that live, and how many BMCs each has')
    .addHelpText('after', '\nExample:\n  ipmi-bmc cluster hosts --cluster nats://10.0.0.1:4222')
    .action(async (options) => ended(await (await cluster()).listHosts(options)));
  reaching(group.command('list'))
    .description('list the BMCs that hosts have, and which one has each')
    .addHelpText('after', '\nExample:\n  ipmi-bmc cluster list --cluster nats://10.0.0.1:4222 --json')
    .action(async (options) => ended(await (await cluster()).listBmcs(options)));
  reaching(group.command('status'))
    .description('say how many BMCs are served, and of each that is not why; exit code 1 if there are any')
    .addHelpText('after', '\nExample:\n  ipmi-bmc cluster status --cluster nats://10.0.0.1:4222')
    .action(async (options) => ended(await (await cluster()).clusterStatus(options)));
  reaching(group.command('handlers'))
    .description('list what other processes on the bus answer, for how many BMCs, and who is refused and why')
    .addHelpText('after', '\nExample:\n  ipmi-bmc cluster handlers --cluster nats://10.0.0.1:4222')
    .action(async (options) => ended(await (await cluster()).listBusHandlers(options)));
  reaching(group.command('drain').argument('<host>', 'its name'))
    .option('--undo', 'let it take BMCs again')
    .description('let a host give its BMCs to the others, a few at a time, before it is stopped')
    .addHelpText('after', '\nExample:\n  ipmi-bmc cluster drain rack-7 --cluster nats://10.0.0.1:4222')
    .action(async (host: string, options) => ended(await (await cluster()).drainHost(host, options)));
}
