import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { refusal } from '../problem.ts';

/** The header that every change has, with the session's CSRF token. */
export const CSRF_HEADER = 'x-csrf-token';

/** Nothing from anywhere else, in no frame, and no form that leaves the page. */
const POLICY = [
  "default-src 'none'",
  ...['img-src', 'font-src', 'style-src', 'script-src', 'connect-src'].map((kind) => `${kind} 'self'`),
  ...['form-action', 'frame-ancestors', 'object-src', 'base-uri'].map((kind) => `${kind} 'none'`),
].join('; ');
const FEATURES = 'accelerometer camera display-capture geolocation gyroscope microphone midi payment usb'
  .split(' ')
  .map((feature) => `${feature}=()`)
  .join(', ');
const YEAR = 31_536_000;

/** What every answer of the web console says to the browser. */
export const securityHeaders = (isTls: boolean): Readonly<Record<string, string>> => ({
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': FEATURES,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  ...(isTls && { 'strict-transport-security': `max-age=${YEAR}` }),
});

/**
 * Throws ControlError unless a page of this server asks: browsers send the origin with every change and every
 * upgrade, and no page can make them say another one.
 */
export function checkOrigin({ origin, host = '' }: IncomingHttpHeaders, isTls: boolean): void {
  const own = `${isTls ? 'https' : 'http'}://${host}`.toLowerCase();
  if (origin?.toLowerCase() === own) return;
  throw refusal(
    'forbidden',
    origin === undefined
      ? 'a change needs the header Origin, as browsers send it'
      : `'${origin}' is another origin: it may change nothing here`,
  );
}

/** Throws ControlError unless the request has the session's CSRF token. */
export function checkCsrf(token: string | undefined, csrf: string): void {
  const wanted = Buffer.from(csrf);
  const bytes = Buffer.from(token ?? '');
  if (bytes.length === wanted.length && timingSafeEqual(bytes, wanted)) return;
  throw refusal('forbidden', `a change needs the header ${CSRF_HEADER}`, {
    next: 'GET /session has its value',
  });
}

/** Cookies of one host go to all its ports: each console has its own. `__Host-` is for HTTPS alone. */
export const cookieName = (port: number, isTls: boolean): string =>
  `${isTls ? '__Host-' : ''}ipmi-bmc-${port}`;

export const cookieText = (name: string, value: string, isTls: boolean): string =>
  `${name}=${value}; HttpOnly; SameSite=Strict; Path=/${isTls ? '; Secure' : ''}`;

export const cookieEnd = (name: string, isTls: boolean): string =>
  `${cookieText(name, '', isTls)}; Max-Age=0`;

/** The value of a cookie; of one that was sent twice, none: which is ours is not known. */
export function cookieIn({ cookie = '' }: IncomingHttpHeaders, name: string): string | undefined {
  const found = cookie.split(';').flatMap((pair) => {
    const [key, ...value] = pair.trim().split('=');
    return key === name ? [value.join('=')] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}
