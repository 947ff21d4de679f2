import { SettingsError } from './errors.ts';
import { parseUdpPlace } from '../world/endpoint-forms.ts';
import { parseEndpoint, type Endpoint, type StreamAddress, type UdpPlace } from '../world/world.ts';

/** Mode of a socket whose callers have every right on the BMC: this user alone. */
export const OWN = 0o600;

/** Throws SettingsError for what is not `host:port`. */
export function endpointOf(text: string): Endpoint {
  const endpoint = parseEndpoint(text);
  if (!endpoint) throw new SettingsError(`'${text}' is not host:port`);
  return endpoint;
}

/** The same, or an address of a prefix: `10.9.0.7/16:623`. Throws SettingsError. */
export function udpPlaceOf(text: string): UdpPlace {
  const place = parseUdpPlace(text);
  if (!place) throw new SettingsError(`'${text}' is neither host:port nor address/bits:port`);
  return place;
}

/**
 * `host:port`, or the path of a Unix socket, which has a slash; `mode` is that of a path. Throws
 * SettingsError.
 */
export function streamAddressOf(text: string, mode?: number): StreamAddress {
  return text.includes('/') ? { path: text, mode } : endpointOf(text);
}
