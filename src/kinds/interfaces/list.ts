// Written by `npm run docs` from the files beside it, in the order in which messages name them.
import { lan, type LanInterfaceOptions } from './lan.ts';
import { vm, type VmInterfaceOptions } from './vm.ts';
import { ipmb, type IpmbInterfaceOptions } from './ipmb.ts';
import { icmb, type IcmbInterfaceOptions } from './icmb.ts';
import { serial, type SerialInterfaceOptions } from './serial.ts';
import { bt, type BtInterfaceOptions } from './bt.ts';
import { kcs, type KcsInterfaceOptions } from './kcs.ts';
import { ssif, type SsifInterfaceOptions } from './ssif.ts';

export type {
  LanInterfaceOptions,
  VmInterfaceOptions,
  IpmbInterfaceOptions,
  IcmbInterfaceOptions,
  SerialInterfaceOptions,
  BtInterfaceOptions,
  KcsInterfaceOptions,
  SsifInterfaceOptions,
};
export const kinds = [lan, vm, ipmb, icmb, serial, bt, kcs, ssif] as const;
/** Their settings. */
export type KindSettings =
  | LanInterfaceOptions
  | VmInterfaceOptions
  | IpmbInterfaceOptions
  | IcmbInterfaceOptions
  | SerialInterfaceOptions
  | BtInterfaceOptions
  | KcsInterfaceOptions
  | SsifInterfaceOptions;
