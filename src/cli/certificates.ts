import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CliError, reading } from './errors.ts';

const textOf = (file: string): string => reading(file, () => readFileSync(file, 'utf8'));

function certificateIn(file: string): { readonly text: string; readonly certificate: X509Certificate } {
  const text = textOf(file);
  try {
    return { text, certificate: new X509Certificate(text) };
  } catch (error) {
    throw new CliError(`${file}: there is no certificate in it (PEM)`, { cause: error });
  }
}

/** PEM of who has signed the certificates of others. Throws CliError that names the file. */
export const authoritiesIn = (file: string): string => certificateIn(file).text;

/** PEM of a server's certificate and of its key, which belong together. Throws CliError. */
export function certificatePair(certificateFile: string, keyFile: string) {
  const { text, certificate } = certificateIn(certificateFile);
  const key = textOf(keyFile);
  let known: KeyObject;
  try {
    known = createPrivateKey(key);
  } catch (error) {
    throw new CliError(
      `${keyFile}: there is no private key in it that can be read without a password (PEM)`,
      {
        cause: error,
      },
    );
  }
  if (!certificate.checkPrivateKey(known))
    throw new CliError(`${keyFile}: it is not the key of the certificate in ${certificateFile}`);
  return { certificate: text, key };
}
