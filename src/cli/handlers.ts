import { twoSocketServer } from '../config/index.ts';
import { keyName, Privilege } from '../commands/command.ts';
import { isVendorNetFn, manufacturers, oemName } from '../commands/oem-registry.ts';
import type { Entry, Handler } from '../router/index.ts';
import { makeBmc } from './check.ts';
import { loadWhole } from './load.ts';
import type { FileSettings } from './file-settings.ts';
import { loadPlugins, registerPlugins } from './plugin.ts';

const privileges = Object.fromEntries(Object.entries(Privilege).map(([name, value]) => [value, name]));

/** One claim, as `ipmi-bmc handlers --json` prints it. */
interface Row {
  readonly key: string;
  readonly name: string;
  readonly owner: string;
  readonly privilege: string;
  readonly channel: number | undefined;
  readonly lun: number | undefined;
  readonly overrides: string | undefined;
  /** Whose numbers they are: a defining body, a maker. */
  readonly oem: string | undefined;
  readonly warning: string | undefined;
}

/** Prints every claim of every BMC: what it is, whose it is, who may send it, what it overrides. */
export async function listHandlers(
  file: string | undefined,
  { json = false, plugin }: { readonly json?: boolean; readonly plugin?: readonly string[] },
): Promise<number> {
  const plugins = await loadPlugins(plugin);
  const document: FileSettings =
    file === undefined ? { bmcs: [twoSocketServer] } : loadWhole(file, plugins.kinds);
  for (let i = 0; i < document.bmcs.length; i++) {
    const bmc = makeBmc(document, i);
    registerPlugins(bmc, plugins);
    const { router, name } = bmc;
    const rows = [...router.claims()].map(rowOf).sort((a, b) => (a.key < b.key ? -1 : 1));
    process.stdout.write(
      json
        ? `${JSON.stringify({ bmc: name, handlers: rows })}\n`
        : `${name}: ${rows.length} claims\n${table(rows)}`,
    );
  }
  return 0;
}

const rowOf = ({ handler, owner, below }: Entry): Row => ({
  key: keyName(handler.claim),
  name: handler.name,
  owner,
  privilege: handler.systemInterfaceOnly ? 'system interface' : privileges[handler.privilege],
  channel: handler.claim.channel,
  lun: handler.claim.lun,
  overrides: below?.owner,
  oem:
    handler.manufacturer === undefined
      ? oemName(handler.claim)
      : (manufacturers[handler.manufacturer] ?? `maker ${handler.manufacturer}`),
  warning: vendorWarning(handler),
});

/** The same numbers on 30h-3Eh mean other things on other makers' BMCs (IPMI 2.0 §5.1). */
function vendorWarning({ claim, manufacturer }: Handler): string | undefined {
  if (!isVendorNetFn(claim.netFn) || manufacturer !== undefined) return undefined;
  return 'does not say whose command it is: name its manufacturer, or use NetFn 2Eh with an IANA number';
}

function table(rows: readonly Row[]): string {
  const width = (field: 'key' | 'name' | 'owner'): number =>
    Math.max(...rows.map((row) => row[field].length));
  const [key, name, owner] = [width('key'), width('name'), width('owner')];
  const line = (row: Row): string => {
    const more = [
      row.channel === undefined ? '' : `channel ${row.channel}`,
      row.lun === undefined ? '' : `LUN ${row.lun}`,
      row.overrides ? `overrides ${row.overrides}` : '',
      row.oem === undefined ? '' : `(${row.oem})`,
      row.warning === undefined ? '' : `warning: ${row.warning}`,
    ];
    return [
      row.key.padEnd(key),
      row.name.padEnd(name),
      row.owner.padEnd(owner),
      row.privilege,
      ...more.filter(Boolean),
    ].join('  ');
  };
  return `${rows.map(line).join('\n')}\n`;
}
