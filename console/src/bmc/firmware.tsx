import { useRef, useState } from 'preact/hooks';
import type { FirmwareState } from 'ipmi-bmc/control';
import { may, pathOf, type Api } from '../api.ts';
import { useAnswer, useDoing } from '../parts/hooks.ts';
import { Problem } from '../parts/layout.tsx';
import { Table } from '../parts/table.tsx';
import type { TabProps } from './tab.ts';

/** Bytes of a piece: twice as many hex digits have to fit into a body. */
const PIECE = 256 * 1024;

const hexOf = (bytes: Uint8Array): string => {
  let digits = '';
  for (const byte of bytes) digits += byte.toString(16).padStart(2, '0');
  return digits;
};

/** Sends a file piece by piece; `tell` hears how much is there. */
async function upload(
  api: Api,
  bmc: string,
  { component, file }: { readonly component: number; readonly file: File },
  tell: (received: number) => void,
): Promise<void> {
  await api.send('POST', pathOf(bmc, `/firmware/${component}/upload`), {});
  for (let offset = 0; offset < file.size;) {
    const piece = new Uint8Array(await file.slice(offset, offset + PIECE).arrayBuffer());
    const body = { offset, data: hexOf(piece) };
    const { received } = await api.send<{ received: number }>('PUT', pathOf(bmc, '/firmware/upload'), body);
    offset = received;
    tell(received);
  }
  await api.send('POST', pathOf(bmc, '/firmware/upload/finish'), { size: file.size });
}

export function Firmware({ api, bmc, happened }: TabProps) {
  const state = useAnswer<FirmwareState>(api, pathOf(bmc, '/firmware'), 3000);
  const doing = useDoing(state.reload);
  const [sent, setSent] = useState<{ readonly received: number; readonly size: number }>();
  const [component, setComponent] = useState<number>();
  const input = useRef<HTMLInputElement>(null);
  const mayChange = may(api.me, 'admin') && !doing.isBusy;
  const { value } = state;
  const isWaiting = value?.components.some(({ pending }) => pending !== null) ?? false;
  const hasOld = value?.components.some(({ rollback }) => rollback !== null) ?? false;
  const begin = (): void => {
    const file = input.current?.files?.[0];
    const id = component ?? value?.components[0]?.id;
    if (file === undefined || id === undefined) return;
    setSent({ received: 0, size: file.size });
    doing.run(() =>
      upload(api, bmc, { component: id, file }, (received) => setSent({ received, size: file.size })),
    );
  };
  return (
    <>
      <Problem of={doing.problem || state.problem} />
      {value && (
        <Table
          title={`Components (${happened.firmware ?? 0} changes seen)`}
          columns={['Component', 'Active', 'Waiting', 'To go back to']}
        >
          {value.components.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                {one.id} {one.name}
              </th>
              <td>{imageText(one.active)}</td>
              <td>{imageText(one.pending)}</td>
              <td>{imageText(one.rollback)}</td>
            </tr>
          ))}
        </Table>
      )}
      {value && may(api.me, 'admin') && (
        <form
          class="bar"
          onSubmit={(event) => {
            event.preventDefault();
            begin();
          }}
        >
          <label>
            Component{' '}
            <select
              value={component ?? value.components[0]?.id}
              onChange={({ currentTarget }) => setComponent(Number(currentTarget.value))}
            >
              {value.components.map(({ id, name }) => (
                <option key={id} value={id}>
                  {id} {name}
                </option>
              ))}
            </select>
          </label>
          <label>
            Image <input type="file" ref={input} required />
          </label>
          <button type="submit" disabled={!mayChange}>
            Upload
          </button>
          <button
            type="button"
            disabled={!mayChange || !isWaiting}
            onClick={() => doing.run(() => api.send('POST', pathOf(bmc, '/firmware/activate')))}
          >
            Activate
          </button>
          <button
            type="button"
            disabled={!mayChange || !hasOld}
            onClick={() => doing.run(() => api.send('POST', pathOf(bmc, '/firmware/rollback')))}
          >
            Roll back
          </button>
          {sent && (
            <>
              <progress value={sent.received} max={sent.size} aria-label="Upload" />
              <span role="status">
                {sent.received.toLocaleString('en')} of {sent.size.toLocaleString('en')} bytes
                {isWaiting && ': verified, waiting for activation'}
              </span>
            </>
          )}
        </form>
      )}
    </>
  );
}

type Image = FirmwareState['components'][number]['pending'];
const imageText = (image: Image): string => (image === null ? '-' : `${image.version} (${image.size} bytes)`);
