export { Client, loopback, type Carrier } from './client.ts';
export { Worker, WorkerError } from './worker.ts';
export { connectVm, VmMonitor, ALL_CAPABILITIES, type VmClient, type VmMonitorOptions } from './vm.ts';
export { connectLan, LogInError, TimeoutError, type LanClient, type LanOptions } from './lan.ts';
