import { createPublicKey, verify } from 'node:crypto';

/** True where `signature` is the Ed25519 signature of `message` by the other half of a public key in PEM. */
export function isSigned(publicKey: string, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, message, createPublicKey(publicKey), signature);
}
