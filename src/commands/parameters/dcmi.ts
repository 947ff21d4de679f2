import { bit, byte, u16, u8, upTo } from '../../codec/index.ts';
import { parameterSet, parametersOf } from './parameter.ts';

const dcmi = parametersOf('DCMI');

/** DCMI configuration parameters, DCMI 1.5 §6.1.2; timings in seconds. */
export const DcmiParameter = {
  /** 1 starts DHCP; it always reads as 0. */
  ActivateDhcp: dcmi({ selector: 1, name: 'Activate DHCP', layout: { activate: upTo(1) } }),
  Discovery: dcmi({
    selector: 2,
    name: 'Discovery Configuration',
    reserved: 'refused',
    layout: byte({ randomBackOff: bit(7), vendorClass: bit(1), controllerId: bit(0) }),
    initial: { controllerId: true },
  }),
  DhcpTiming1: dcmi({
    selector: 3,
    name: 'DHCP Timing 1',
    layout: { initialTimeout: u8 },
    initial: { initialTimeout: 4 },
  }),
  DhcpTiming2: dcmi({
    selector: 4,
    name: 'DHCP Timing 2',
    layout: { contactTimeout: u16 },
    initial: { contactTimeout: 120 },
  }),
  DhcpTiming3: dcmi({
    selector: 5,
    name: 'DHCP Timing 3',
    layout: { retryInterval: u16 },
    initial: { retryInterval: 64 },
  }),
} as const;

export const dcmiParameters = parameterSet('DCMI 1.5 §6.1.2', DcmiParameter);
