export * from './host/index.ts';
export * from './ipmb/bus.ts';
export * from './ipmb/ipmb.ts';
export * from './lan/lan.ts';
export * from './userland/bt-socket.ts';
export * from './userland/handler-socket.ts';
export * from './vm/vm.ts';
export { SerialLine } from './serial/line.ts';
export * from './serial/serial.ts';
