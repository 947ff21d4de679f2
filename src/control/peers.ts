import type { IncomingMessage } from 'node:http';

/** By which a machine knows itself, whatever it listens at. */
export const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** `host:port` of who asks; empty of who comes by a Unix socket. */
export function peerOf({
  socket: { remoteAddress = '', remotePort = 0 },
}: {
  readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress' | 'remotePort'>;
}): string {
  return remoteAddress === '' ? '' : `${remoteAddress}:${remotePort}`;
}

/** A Host header without its port and brackets, in lower case. */
export function hostIn(header: string): string {
  const [, v6, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header.trim()) ?? [];
  return (v6 ?? name ?? '').toLowerCase();
}
