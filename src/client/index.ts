export { Client, loopback, type Carrier } from './client.ts';
export { Worker, WorkerError } from './worker.ts';
export { connectLan, LogInError, TimeoutError, type LanClient, type LanOptions } from './lan.ts';
