export { Client, loopback, type Carrier } from './client.ts';
export { Worker, WorkerError } from './worker.ts';
export { connectVm, VmMonitor, ALL_CAPABILITIES, type VmClient, type VmMonitorOptions } from './vm.ts';
export { openSol, type Sol, type SolOptions } from './sol.ts';
export { connectLan, LogInError, TimeoutError, type LanClient, type LanOptions, type PayloadLine } from './lan.ts';
export * from './blob-flash.ts';
export * from './blob.ts';
