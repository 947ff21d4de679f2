import { describe, test } from 'vitest';
import {
  interfaceContract,
  type Far,
  type InterfaceContract,
  type InterfaceRig,
} from '../../src/testing/index.ts';
import type { SimWorld } from '../../src/world/index.ts';

export type { Far, InterfaceRig };
export type InterfaceTraits = Omit<InterfaceContract, 'make'>;

/** Every interface passes the contract, a test for each of its cases. */
export function interfaceSuite(
  name: string,
  traits: InterfaceTraits,
  make: (world: SimWorld, far: Far) => Promise<InterfaceRig>,
): void {
  describe(`${name}: the interface suite`, () => {
    for (const { name: what, run } of interfaceContract({ ...traits, make })) test(what, run);
  });
}
