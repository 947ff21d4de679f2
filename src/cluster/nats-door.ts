import type { Clock, Stream, StreamNetwork } from '../world/world.ts';

/** Milliseconds for a server to say what it is. */
const PATIENCE = 2000;
/** What it says is a line of JSON, no longer than this. */
const LONGEST = 65_536;
const PORT = 4222;

/**
 * True where a server takes no client without a certificate: it ends the connection of who has none without a
 * word, which looks like a server that is not there. False: it does not say so, is away, or cannot be asked.
 */
export async function wantsCertificate(
  servers: readonly string[],
  network: Pick<StreamNetwork, 'connect'> | undefined,
  clock: Clock,
): Promise<boolean> {
  if (!network) return false;
  for (const url of servers) {
    const { hostname, port } = new URL(url);
    const host = hostname.replaceAll(/^\[|\]$/g, '');
    try {
      const stream = await network.connect({ host, port: port === '' ? PORT : Number(port) });
      if (/"tls_verify":\s*true/.test(await firstLine(stream, clock))) return true;
    } catch {
      continue;
    }
  }
  return false;
}

/** INFO, with which each server begins; as much as came of it. */
function firstLine(stream: Stream, clock: Clock): Promise<string> {
  return new Promise((resolve) => {
    let line = '';
    const end = (): void => {
      timer.cancel();
      stream.destroy();
      resolve(line);
    };
    const timer = clock.after(PATIENCE, end);
    stream.onClose = end;
    stream.onData = (data) => {
      line += new TextDecoder().decode(data);
      if (line.includes('\n') || line.length > LONGEST) end();
    };
  });
}
