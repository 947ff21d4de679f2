/**
 * What carries messages to a router: LAN, system interfaces (BT, KCS, SSIF), serial, IPMB, ICMB, the VM
 * protocol, handlers in other processes. Each implements `Interface`: `open(dispatch)` begins, `close()`
 * ends. `await bmc.attach(interface)` adds one to a BMC.
 */
export * from './host/index.ts';
export * from './icmb/icmb.ts';
export * from './ipmb/bus.ts';
export * from './ipmb/carrier.ts';
export * from './ipmb/device.ts';
export * from './ipmb/ipmb.ts';
export * from './ipmb/socket.ts';
export * from './lan/lan.ts';
export * from './userland/bt-socket.ts';
export * from './userland/handler-socket.ts';
export * from './vm/vm.ts';
export { SerialLine } from './serial/line.ts';
export * from './serial/serial.ts';
