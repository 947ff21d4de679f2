/**
 * The one place where OEM numbers are written down (R50): who owns an IANA enterprise number or a defining
 * body, which makers are known to use NetFns 30h-3Eh, and which OEM commands this project itself declares.
 * Names in traces and tables come from here; a number that is missing costs only its name.
 */

/** IANA private enterprise numbers of makers of BMCs and of their firmware. */
export const manufacturers: Readonly<Record<number, string>> = {
  2: 'IBM',
  11: 'HP',
  42: 'Sun Microsystems',
  107: 'Bull',
  111: 'Oracle',
  116: 'Hitachi',
  119: 'NEC',
  186: 'Toshiba',
  343: 'Intel',
  674: 'Dell',
  2011: 'Huawei',
  2623: 'ASUS',
  3704: 'AMD',
  4413: 'Broadcom',
  5593: 'Magnum Technologies',
  5703: 'NVIDIA',
  5771: 'Cisco',
  6653: 'Tyan',
  7154: 'IPMI forum',
  7244: 'Quanta',
  9237: 'Newisys',
  10368: 'Fujitsu',
  10437: 'Peppercon',
  10876: 'Supermicro',
  11129: 'Google',
  12634: 'PICMG',
  13742: 'Raritan',
  15000: 'Kontron',
  15370: 'Gigabyte',
  19046: 'Lenovo',
  20301: 'IBM eServer X',
  20569: 'Inventec',
  20974: 'AMI',
  33049: 'Mellanox',
  36968: 'Foxconn',
  37945: 'Inspur',
  40092: 'Wiwynn',
  40981: 'Facebook',
  47196: 'HPE',
  47488: 'Supermicro',
  49769: 'YADRO',
  49871: 'OpenBMC',
  52538: 'Ampere Computing',
};

/** Defining bodies of Group Extension (NetFn 2Ch), IPMI 2.0 §5.1, and those assigned since. */
export const definingBodies: Readonly<Record<number, string>> = {
  0x00: 'PICMG',
  0x01: 'DMTF',
  0x02: 'SSI Forum',
  0x03: 'VITA',
  0x52: 'Redfish host interface',
  0xdc: 'DCMI',
};

/** Makers known to use a NetFn of 30h-3Eh, whose commands mean nothing without knowing the maker. */
export const vendorNetFns: Readonly<Record<number, readonly string[]>> = {
  0x30: ['Dell', 'Intel', 'Supermicro', 'Quanta'],
  0x32: ['AMI'],
  0x34: ['Inventec'],
  0x36: ['Quanta'],
  0x38: ['Facebook'],
  0x3a: ['IBM', 'Lenovo'],
  0x3c: ['Supermicro', 'NVIDIA'],
  0x3e: ['Intel'],
};

export interface OemCommand {
  readonly netFn: number;
  readonly cmd: number;
  /** IANA number or defining body. */
  readonly body?: number;
  readonly name: string;
}

/** Every OEM command that this project declares; a test compares it with the declarations. */
export const oemCommands: readonly OemCommand[] = [
  { netFn: 0x2e, body: 49871, cmd: 0x80, name: 'Blob Transfer' },
];

const OEM_FIRST = 0x30;

/** True for NetFns whose commands each maker numbers alone, 30h-3Eh (IPMI 2.0 §5.1). */
export const isVendorNetFn = (netFn: number): boolean => netFn >= OEM_FIRST && netFn <= 0x3e;

/** Who stands behind a command of a group, OEM/group or vendor NetFn, as far as it is known. */
export function oemName({
  netFn,
  body,
}: {
  readonly netFn: number;
  readonly body?: number;
}): string | undefined {
  if (netFn === 0x2c) return body === undefined ? undefined : definingBodies[body];
  if (netFn === 0x2e) return body === undefined ? undefined : manufacturers[body];
  return isVendorNetFn(netFn) ? vendorNetFns[netFn]?.join(' or ') : undefined;
}
