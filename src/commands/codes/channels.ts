/** Channel medium types, IPMI 2.0 §6.5 table 6-3. */
export const MediumType = {
  Ipmb: 1,
  Icmb10: 2,
  Icmb09: 3,
  Lan: 4,
  Serial: 5,
  OtherLan: 6,
  PciSmbus: 7,
  Smbus: 8,
  SystemInterface: 12,
} as const;
/** Channel protocol types, §6.4 table 6-2. */
export const ProtocolType = {
  Ipmb: 1,
  Icmb: 2,
  Smbus: 4,
  Kcs: 5,
  Smic: 6,
  Bt10: 7,
  Bt15: 8,
  TerminalMode: 9,
} as const;
/** §22.24 session support. */
export const SessionSupport = { None: 0, Single: 1, Multi: 2, Based: 3 } as const;
/** §22.22 access mode. */
export const AccessMode = { Disabled: 0, PreBoot: 1, Always: 2, Shared: 3 } as const;
