// `ipmi-bmc run examples/plugin/bmc.yaml --plugin examples/plugin/fans.mjs`: a source of readings that a config file
// names, and an OEM command. A module in plain JavaScript: Node reads it as it is.
import { u8 } from 'ipmi-bmc/codec';
import { command, NetFn, Privilege } from 'ipmi-bmc/commands';
import { handle } from 'ipmi-bmc/handlers';

let duty = 50;

/** What `value: { fan: 60 }` means: so many revolutions a percent of the duty. */
const fan = {
  key: 'fan',
  schema: (zod) => zod.strictObject({ fan: zod.number().positive() }),
  make: ({ fan: perPercent }) => ({ moves: true, value: () => duty * perPercent }),
};

const SetDuty = command({
  name: 'Acme Set Fan Duty',
  spec: 'acme-oem §3',
  netFn: NetFn.OemGroup,
  body: 0x00abcd,
  cmd: 0x10,
  privilege: Privilege.Operator,
  request: { duty: u8 },
  response: {},
});

export const kinds = { sources: [fan] };
export const handlers = [
  {
    owner: 'acme-fans',
    handlers: [
      handle(SetDuty, (request) => {
        ({ duty } = request);
        return {};
      }),
    ],
  },
];
