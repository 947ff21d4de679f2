/** What is wrong with a certificate, by the code of the error; the rest is told as Node words it. */
const OF_CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: look at the clocks',
  CERT_REVOKED: 'its certificate is revoked',
  CERT_SIGNATURE_FAILURE: 'its certificate is signed by somebody else than it says',
};
const UNSIGNED = 'nobody whom this machine knows has signed its certificate: give --ca FILE';
const OF_SIGNER = /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|CERT_UNTRUSTED)/;
const NO_TLS = /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG))$/;

interface Failure extends NodeJS.ErrnoException {
  readonly hostname?: string;
  /** Of whose certificate is another's. */
  readonly cert?: { readonly subjectaltname?: string };
}

/** Why nobody can be talked with at a URL, in a line; undefined: it is another failure. */
export function unreachable(error: unknown, url: string): string | undefined {
  const { code = '', syscall, hostname, cert } = error as Failure;
  const at = (why: string): string => `${url}: ${why}`;
  if (syscall === 'getaddrinfo') return at(`there is no host ${hostname ?? ''}`.trim());
  if (NO_TLS.test(code)) return at('it does not speak TLS: is it http://?');
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return at(`its certificate is not its own: it is for ${cert?.subjectaltname ?? 'nobody'}`);
  if (OF_SIGNER.test(code)) return at(UNSIGNED);
  if (code in OF_CERTIFICATE) return at(OF_CERTIFICATE[code]);
  if (/^(ERR_(SSL|TLS|OSSL)_|CERT_)/.test(code)) return at((error as Error).message);
  // A server of TLS hangs up on who speaks none.
  if (code === 'ECONNRESET' && url.startsWith('http:'))
    return at('it has ended the connection: is it https://?');
  return undefined;
}
