export * from './backend.ts';
export * from './command.ts';
export * from './http.ts';
export * from './libvirt.ts';
export * from './qemu.ts';
export * from './vm-protocol.ts';
