import type { CaptureFile } from './capture-file.ts';
import { RMCP_PORT } from './carriers.ts';
import { interfaceDescription, LinkType, sectionHeader } from './pcapng.ts';

/** The interfaces of a BMC, by the places of their descriptions in the file; -1: there is none. */
export interface CaptureInterfaces {
  readonly wire: number;
  readonly decrypted: number;
  readonly host: number;
}

/** Interfaces of a BMC. */
const EACH = 3;

export const interfacesAt = (first: number): CaptureInterfaces => ({
  wire: first,
  decrypted: first + 1,
  host: first + 2,
});

/** What a file begins with: three interfaces for each BMC that writes to it. */
export const captureHeader = (...bmcs: readonly string[]): Uint8Array[] => [
  sectionHeader('ipmi-bmc'),
  ...bmcs.flatMap((bmc) => descriptions(bmc, bmcs.length > 1)),
];

/** The interfaces of one; `isNamed`: by its name, where there are others. */
function descriptions(bmc: string, isNamed: boolean): Uint8Array[] {
  const of = (name: string): string => (isNamed ? `${bmc} ${name}` : name);
  return [
    interfaceDescription(
      LinkType.RawIp,
      of('wire'),
      `${bmc}: datagrams as they were sent; the BMC has port ${RMCP_PORT} here`,
    ),
    interfaceDescription(
      LinkType.RawIp,
      of('decrypted'),
      `${bmc}: the same, in the clear, of what was encrypted`,
    ),
    interfaceDescription(LinkType.IpmiHpm2, of('host'), `${bmc}: system interfaces, serial lines and IPMB`),
  ];
}

/**
 * Which BMCs have a place in a file. One that comes later is described when it comes, and in files after
 * that one.
 */
export class CapturePlaces {
  readonly #places: Map<string, CaptureInterfaces>;
  #next: number;

  /** `names`: those that the file's header has. */
  constructor(names: readonly string[]) {
    this.#places = new Map(names.map((name, i) => [name, interfacesAt(i * EACH)]));
    this.#next = names.length * EACH;
  }

  /** The place of a BMC, for `CaptureParts`. `isOnBusOnly`: it has no interface but `host`. */
  in(file: Pick<CaptureFile, 'begin'>, name: string, isOnBusOnly = false): CaptureInterfaces {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const blocks = descriptions(name, true);
    for (const block of isOnBusOnly ? blocks.slice(-1) : blocks) file.begin(block);
    const place = isOnBusOnly ? { wire: -1, decrypted: -1, host: this.#next } : interfacesAt(this.#next);
    this.#next += isOnBusOnly ? 1 : EACH;
    this.#places.set(name, place);
    return place;
  }
}
