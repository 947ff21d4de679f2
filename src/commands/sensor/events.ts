import { bit, bits, byte, layout, rest, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

export const SetEventReceiver = command({
  name: 'Set Event Receiver',
  spec: 'IPMI 2.0 §29.1',
  netFn: NetFn.SensorEvent,
  cmd: 0x00,
  privilege: Privilege.Administrator,
  /** Address FFh: no event messages. */
  request: { address: u8, ...byte({ lun: bits(1, 0) }) },
  response: {},
});

export const GetEventReceiver = command({
  name: 'Get Event Receiver',
  spec: 'IPMI 2.0 §29.2',
  netFn: NetFn.SensorEvent,
  cmd: 0x01,
  privilege: Privilege.User,
  request: {},
  response: { address: u8, ...byte({ lun: bits(1, 0) }) },
});

export const PlatformEventMessage = command({
  name: 'Platform Event',
  spec: 'IPMI 2.0 §29.3',
  netFn: NetFn.SensorEvent,
  cmd: 0x02,
  privilege: Privilege.Operator,
  /** Begins with the generator id where it comes from system software: `EventBody` is what follows. */
  request: { event: rest(5, 8) },
  response: {},
});

/** An event message without its generator id and its data. */
export const eventFields = {
  evmRev: u8,
  sensorType: u8,
  sensorNumber: u8,
  ...byte({ deassertion: bit(7), eventType: bits(6, 0) }),
};

/** An event message without its generator id. Data 2 and 3 may be left out. */
export const EventBody = layout('event message', { ...eventFields, data: rest(1, 3) });
