import { createPublicKey, verify } from 'node:crypto';

/** Why a text is no Ed25519 public key in PEM; undefined: it is one. */
export function keyProblem(publicKey: string): string | undefined {
  try {
    const { asymmetricKeyType } = createPublicKey(publicKey);
    return asymmetricKeyType === 'ed25519'
      ? undefined
      : `a key of type ${asymmetricKeyType}, expected ed25519`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** True where `signature` is the Ed25519 signature of `message` by the other half of a public key in PEM. */
export function isSigned(publicKey: string, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, message, createPublicKey(publicKey), signature);
}
