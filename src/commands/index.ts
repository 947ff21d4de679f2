/**
 * Every command and configuration parameter of the specifications, declared once: number, name, section,
 * privilege, layouts. Client, handlers, traces and documents all go by these. docs/commands.md and
 * docs/parameters.md list them.
 *
 *   await client.send(ChassisControl, { action: 3 });
 *   await client.get(LanParameter.Address, { channel: 1 });
 */
export * from './app/bridging.ts';
export * from './app/channels.ts';
export * from './app/device.ts';
export * from './app/firewall.ts';
export * from './app/global.ts';
export * from './app/payloads.ts';
export * from './app/sessions.ts';
export * from './app/system-info.ts';
export * from './app/users.ts';
export * from './app/watchdog.ts';
export * from './bridge/icmb.ts';
export * from './chassis/boot-options.ts';
export * from './chassis/chassis.ts';
export * from './codes/channels.ts';
export * from './codes/entities.ts';
export * from './codes/events.ts';
export * from './codes/sensor-types.ts';
export * from './codes/units.ts';
export * from './command.ts';
export * from './dcmi/dcmi.ts';
export * from './picmg/hpm.ts';
export * from './oem/blob.ts';
export * from './parameters/boot.ts';
export * from './parameters/dcmi.ts';
export * from './parameters/lan.ts';
export * from './parameters/parameter.ts';
export * from './parameters/pef.ts';
export * from './parameters/serial.ts';
export * from './parameters/sol.ts';
export * from './parameters/system-info.ts';
export * from './sensor/device-sdr.ts';
export * from './sensor/events.ts';
export * from './sensor/pef.ts';
export * from './sensor/sensors.ts';
export * from './storage/fru.ts';
export * from './storage/sdr.ts';
export * from './storage/sel.ts';
export * from './transport/forwarding.ts';
export * from './transport/lan.ts';
export * from './transport/serial.ts';
export * from './transport/sol.ts';
