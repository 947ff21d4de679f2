import { describe } from 'vitest';
import { interfaceSuite, type Far, type InterfaceRig } from '../../../test/support/interface-suite.ts';
import { Bmc } from '../../bmc.ts';
import { handleRaw } from '../../router/index.ts';
import { buildMessage, parseMessage } from '../../wire/index.ts';
import { BasicReader, encodeBasic } from '../../wire/serial-basic.ts';
import { formatTerminal, parseTerminal } from '../../wire/serial-terminal.ts';
import type { SimWorld, Stream } from '../../world/index.ts';

const PLACE = { host: '10.0.0.1', port: 2000 };
const BMC = { to: 0x20, toLun: 0, from: 0x81, fromLun: 0 };

describe('the interface suite', () => {
  const make =
    (mode: 'basic' | 'terminal') =>
    async (world: SimWorld, far: Far): Promise<InterfaceRig> => {
      const bmc = new Bmc(
        {
          sel: { bootEvents: false },
          interfaces: [
            { type: 'serial', listen: '10.0.0.1:2000', withoutLogIn: 'administrator', modes: [mode] },
          ],
        },
        { world },
      );
      bmc.router.register({
        owner: 'far end',
        handlers: [handleRaw({ netFn: 0x30, cmd: '*' }, (message, context) => far(message, context))],
      });
      await bmc.open();
      let seq = 0;
      let waiting = new Map<number, (answer: Uint8Array) => void>();
      let stream: Stream;
      const connect = async (): Promise<void> => {
        stream = await world.stream.connect(PLACE);
        const reader = new BasicReader();
        let line = '';
        stream.onData = (data) => {
          for (const byte of data) {
            const frame = mode === 'basic' ? reader.take(byte) : undefined;
            const message = frame && parseMessage(frame);
            if (message) waiting.get(message.seq)?.(message.data.slice());
            line = byte === 0x0a ? '' : line + String.fromCharCode(byte);
            const terminal = mode === 'terminal' && /\[([\dA-F ]+)\]\r$/.exec(line);
            const response = terminal && parseTerminal(terminal[1]);
            if (response && response.netFn % 2 === 1) waiting.get(response.seq)?.(response.data.slice());
          }
        };
        await new Promise((resolve) => void world.clock.after(5, () => resolve(undefined)));
      };
      await connect();
      return {
        ask: (netFn, cmd, data, lun = 0) =>
          new Promise((resolve) => {
            seq = (seq + 1) % 64;
            waiting.set(seq, resolve);
            const frame =
              mode === 'basic'
                ? encodeBasic(buildMessage({ ...BMC, seq, toLun: lun, netFn, cmd, data }))
                : new TextEncoder().encode(
                    `[${formatTerminal({ netFn, lun, seq, bridge: 0, cmd, data })}]\r`,
                  );
            stream.write(frame);
          }),
        noise(bytes) {
          stream.write(bytes);
          if (mode === 'terminal') stream.write(Uint8Array.of(0x0d));
        },
        async reconnect() {
          waiting = new Map();
          stream.destroy();
          await new Promise((resolve) => void world.clock.after(20, () => resolve(undefined)));
          await connect();
        },
        detach: () => bmc.close(),
      };
    };
  interfaceSuite(
    'serial, basic mode',
    { maxData: 240, maxAnswer: 248, medium: 'serial', atOnce: 32, luns: [0, 1, 3] },
    make('basic'),
  );
  interfaceSuite(
    'serial, terminal mode',
    { maxData: 240, maxAnswer: 248, medium: 'serial', atOnce: 32, luns: [0, 1, 3] },
    make('terminal'),
  );
});
