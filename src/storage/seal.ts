import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scryptSync,
  timingSafeEqual,
} from 'node:crypto';

const SALT = 16;
const CHECK = 16;
const NONCE = 12;
const TAG = 16;

/**
 * Bytes of a sealed file between its magic line and its first record: the salt, and what tells a wrong key.
 */
export const SEAL_HEADER: number = SALT + CHECK;

/**
 * Encrypts records with AES-256-GCM under a key derived from a passphrase or key file (scrypt, then HKDF).
 */
export class Seal {
  /** Salt and key check, as they stand in the file. */
  readonly header: Uint8Array;
  readonly #key: Uint8Array;

  private constructor(header: Uint8Array, key: Uint8Array) {
    this.header = header;
    this.#key = key;
  }

  static create(secret: string): Seal {
    const salt = randomBytes(SALT);
    const { key, check } = derive(secret, salt);
    return new Seal(Uint8Array.from([...salt, ...check]), key);
  }

  /** Undefined where the secret is another one than the file was sealed with. */
  static read(secret: string, header: Uint8Array): Seal | undefined {
    const { key, check } = derive(secret, header.subarray(0, SALT));
    return timingSafeEqual(check, header.subarray(SALT, SEAL_HEADER))
      ? new Seal(header.slice(0, SEAL_HEADER), key)
      : undefined;
  }

  close(plain: Uint8Array): Uint8Array {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    return Uint8Array.from(Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
  }

  /** Undefined where what was sealed is not what is there. */
  open(sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < NONCE + TAG) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    try {
      return Uint8Array.from(
        Buffer.concat([decipher.update(sealed.subarray(NONCE, sealed.length - TAG)), decipher.final()]),
      );
    } catch {
      return undefined;
    }
  }
}

function derive(secret: string, salt: Uint8Array): { key: Uint8Array; check: Uint8Array } {
  const root = scryptSync(secret, salt, 32);
  const key = new Uint8Array(hkdfSync('sha256', root, salt, 'ipmi-bmc secrets', 32));
  return { key, check: createHmac('sha256', root).update('ipmi-bmc key check').digest().subarray(0, CHECK) };
}
