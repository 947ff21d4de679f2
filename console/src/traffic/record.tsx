import { useRef, useState } from 'preact/hooks';
import { may, pathOf, wordsOf, type Api } from '../api.ts';
import { download } from './save.ts';

/** Bytes of a capture that a page keeps. */
const MOST = 64 << 20;
const TYPE = 'application/vnd.tcpdump.pcap';

interface Props {
  readonly api: Api;
  readonly bmc: string;
  readonly tell: (problem: string) => void;
}

/** Captures what passes from now on, decrypted, until it is saved as a file for Wireshark. */
export function Record({ api, bmc, tell }: Props) {
  const [size, setSize] = useState<number>();
  const running = useRef<AbortController | undefined>(undefined);
  const run = async (): Promise<void> => {
    const stop = new AbortController();
    running.current = stop;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    setSize(0);
    try {
      const stream = await api.bytes(pathOf(bmc, '/capture'), stop.signal);
      const reader = stream.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        chunks.push(Uint8Array.from(value));
        bytes += value.length;
        setSize(bytes);
        if (bytes > MOST) stop.abort();
      }
    } catch (error) {
      if (!stop.signal.aborted) tell(wordsOf(error));
    }
    setSize(undefined);
    if (chunks.length > 0) download(`${bmc}.pcapng`, chunks, TYPE);
  };
  if (!may(api.me, 'admin')) return null;
  if (size === undefined)
    return (
      <button type="button" onClick={() => void run()}>
        Capture as pcapng
      </button>
    );
  return (
    <button type="button" class="main" onClick={() => running.current?.abort()}>
      Stop and save ({Math.ceil(size / 1024)} KiB)
    </button>
  );
}
