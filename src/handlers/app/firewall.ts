import { bodyBytes, bodyOf } from '../../commands/body.ts';
import { CC, IpmiError } from '../../codec/index.ts';
import {
  GetCommandEnables,
  GetCommandSubFunctionEnables,
  GetCommandSubFunctionSupport,
  GetCommandSupport,
  GetConfigurableCommands,
  GetConfigurableCommandSubFunctions,
  GetNetFnSupport,
  GetOemNetFnIanaSupport,
  SetCommandEnables,
  SetCommandSubFunctionEnables,
} from '../../commands/app/firewall.ts';
import {
  ActivateSession,
  CloseSession,
  GetChannelAuthenticationCapabilities,
  GetChannelCipherSuites,
  GetSessionChallenge,
  SetSessionPrivilegeLevel,
} from '../../commands/app/sessions.ts';
import { NetFn } from '../../commands/command.ts';
import type { Context, Entry, Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { MediumType } from '../../commands/codes/channels.ts';
import type { FirewallTarget } from '../../state/app/firewall.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

/** Without these nobody could log in, or see and undo what is disabled. */
const ALWAYS = new Set<unknown>([
  GetChannelAuthenticationCapabilities,
  GetChannelCipherSuites,
  GetSessionChallenge,
  ActivateSession,
  SetSessionPrivilegeLevel,
  CloseSession,
  GetNetFnSupport,
  GetCommandSupport,
  GetCommandSubFunctionSupport,
  GetConfigurableCommands,
  GetConfigurableCommandSubFunctions,
  SetCommandEnables,
  GetCommandEnables,
  SetCommandSubFunctionEnables,
  GetCommandSubFunctionEnables,
  GetOemNetFnIanaSupport,
]);
const LUNS = [0, 1, 2, 3] as const;
const NETFN_PAIRS = 32;

/**
 * The bodies that claims of a Group or OEM/Group NetFn name, in order; for other NetFns the one that is none.
 */
function bodiesOf(bmc: BmcState, netFn: number): (number | undefined)[] {
  if (netFn !== NetFn.Group && netFn !== NetFn.OemGroup) return [undefined];
  const bodies = new Set<number>();
  for (const { handler } of bmc.router.claims())
    if (handler.claim.netFn === netFn && handler.claim.body !== undefined) bodies.add(handler.claim.body);
  return [...bodies].sort((a, b) => a - b);
}

/**
 * Who would serve the command on its channel: claimed, allowed by the policy, and not for another kind of
 * channel.
 */
function served(bmc: BmcState, { channel, netFn, lun, cmd, body }: FirewallTarget): Entry | undefined {
  const message = { netFn, lun, cmd, data: bodyBytes({ netFn, body }) };
  const entry = bmc.router.find(message, channel);
  if (entry === undefined || !bmc.firewall.permits(message, channel)) return undefined;
  return entry.systemInterfaceOnly && bmc.channels.get(channel)?.medium !== MediumType.SystemInterface
    ? undefined
    : entry;
}

const configurable = (entry: Entry | undefined): boolean =>
  entry !== undefined && !ALWAYS.has(entry.handler.command);

interface Range {
  readonly channel: number;
  readonly upperHalf: number;
  readonly targetNetFn: number;
  readonly targetLun: number;
  readonly body: Uint8Array;
}

/** The bodies that a request is about: the one it names, or all of its NetFn. */
function bodiesIn(bmc: BmcState, netFn: number, bytes: Uint8Array): (number | undefined)[] {
  if (bytes.length === 0) return bodiesOf(bmc, netFn);
  if (bytes.length !== (netFn === NetFn.Group ? 1 : netFn === NetFn.OemGroup ? 3 : 0))
    throw new IpmiError(CC.RequestLengthInvalid);
  return [bodyOf({ netFn, data: bytes })];
}

/** Calls `each` for the 128 commands of a range, with every body that is meant. */
function walk(
  bmc: BmcState,
  range: Range,
  channel: number,
  each: (index: number, target: FirewallTarget) => void,
): void {
  if (range.upperHalf > 1) throw new IpmiError(CC.InvalidDataField, `command range ${range.upperHalf}`);
  const netFn = range.targetNetFn & 0x3e;
  const bodies = bodiesIn(bmc, netFn, range.body);
  for (let index = 0; index < 128; index++) {
    for (const body of bodies)
      each(index, { channel, netFn, lun: range.targetLun, cmd: (range.upperHalf << 7) | index, body });
  }
}

/** A mask of the commands for which `test` is true with any of the bodies that are meant. */
function maskOf(
  context: Context<BmcState>,
  range: Range,
  test: (target: FirewallTarget) => boolean,
): Uint8Array {
  const mask = new Uint8Array(16);
  walk(context.bmc, range, context.bmc.channels.resolve(range.channel, context), (index, target) => {
    if (test(target)) mask[index >> 3] |= 1 << (index & 7);
  });
  return mask;
}

interface OneCommand {
  readonly channel: number;
  readonly targetNetFn: number;
  readonly targetLun: number;
  readonly targetCmd: number;
}

/** The command, and a bit for each of its sub-functions. CBh: nobody serves it. */
function subFunctionsOf(
  context: Context<BmcState>,
  request: OneCommand,
  bytes: Uint8Array,
): { target: FirewallTarget; known: number } {
  const { bmc } = context;
  const netFn = request.targetNetFn & 0x3e;
  const [body] = bodiesIn(bmc, netFn, bytes);
  const target = {
    channel: bmc.channels.resolve(request.channel, context),
    netFn,
    lun: request.targetLun,
    cmd: request.targetCmd,
    body,
  };
  const entry = served(bmc, target);
  if (!entry) throw new IpmiError(CC.NotPresent, 'no such command');
  const known = Object.keys(entry.handler.command?.subFunctions?.names ?? {}).reduce(
    (mask, number) => mask | (1 << Number(number)),
    0,
  );
  return { target, known: known >>> 0 };
}

const support = (bmc: BmcState, channel: number, any: boolean): number =>
  any ? (bmc.firewall.restricts(channel) ? 2 : 1) : 0;

export const firewallHandlers: readonly Handler<BmcState>[] = [
  handle(GetNetFnSupport, (request, context) => {
    const { bmc } = context;
    const channel = bmc.channels.resolve(request.channel, context);
    const netFns = new Uint8Array(16);
    const any = LUNS.map((lun) => {
      let some = false;
      for (let pair = 0; pair < NETFN_PAIRS; pair++) {
        if (!bodiesOf(bmc, pair * 2).some((body) => servesAny(bmc, channel, pair * 2, lun, body))) continue;
        netFns[lun * 4 + (pair >> 3)] |= 1 << (pair & 7);
        some = true;
      }
      return support(bmc, channel, some);
    });
    return { lun0: any[0], lun1: any[1], lun2: any[2], lun3: any[3], netFns };
  }),

  handle(GetCommandSupport, (range, context) => ({
    unavailable: maskOf(context, range, (target) => served(context.bmc, target) !== undefined).map(
      (byte) => ~byte,
    ),
  })),

  handle(GetCommandSubFunctionSupport, (request, context) => {
    const { known } = subFunctionsOf(context, request, request.body);
    return { specificationType: 0, errata: 7, version: 0x20, revision: 0x11, unavailable: ~known >>> 0 };
  }),

  handle(GetConfigurableCommands, (range, context) => ({
    configurable: maskOf(context, range, (target) => configurable(served(context.bmc, target))),
  })),

  handle(GetConfigurableCommandSubFunctions, (request, context) => ({
    configurable: subFunctionsOf(context, request, request.body).known,
  })),

  handle(SetCommandEnables, (range, context) => {
    const { bmc } = context;
    const changes: (readonly [FirewallTarget, boolean])[] = [];
    const grouped =
      (range.targetNetFn & 0x3e) === NetFn.Group || (range.targetNetFn & 0x3e) === NetFn.OemGroup;
    if (grouped && range.body.length === 0) throw new IpmiError(CC.RequestLengthInvalid, 'which body?');
    walk(bmc, range, bmc.channels.resolve(range.channel, context), (index, target) => {
      const enabled = (range.enabled[index >> 3] & (1 << (index & 7))) !== 0;
      const entry = served(bmc, target);
      if (configurable(entry)) changes.push([target, enabled]);
      // A command that cannot be switched must be left as it is: what is served enabled, what is not served
      // disabled.
      else if (enabled !== (entry !== undefined))
        throw SetCommandEnables.refuse('notConfigurable', `command ${target.cmd} is not configurable`);
    });
    return after(bmc.firewall.enable(changes), {});
  }),

  handle(GetCommandEnables, (range, context) => ({
    enabled: maskOf(
      context,
      range,
      (target) => served(context.bmc, target) !== undefined && context.bmc.firewall.isEnabled(target),
    ),
  })),

  handle(SetCommandSubFunctionEnables, (request, context) => {
    const netFn = request.targetNetFn & 0x3e;
    const prefix = netFn === NetFn.Group ? 1 : netFn === NetFn.OemGroup ? 3 : 0;
    const enables = request.rest.subarray(prefix);
    if (enables.length !== 4 && enables.length !== 8) throw new IpmiError(CC.RequestLengthInvalid);
    const { target, known } = subFunctionsOf(context, request, request.rest.subarray(0, prefix));
    const enabled = new DataView(enables.buffer, enables.byteOffset).getUint32(0, true);
    if ((enabled & ~known) !== 0) throw SetCommandSubFunctionEnables.refuse('notConfigurable');
    return after(context.bmc.firewall.disableSubFunctions(target, (known & ~enabled) >>> 0), {});
  }),

  handle(GetCommandSubFunctionEnables, (request, context) => {
    const { target, known } = subFunctionsOf(context, request, request.body);
    return { enabled: (known & ~context.bmc.firewall.disabledSubFunctions(target)) >>> 0 };
  }),

  handle(GetOemNetFnIanaSupport, (request, context) => {
    const { bmc } = context;
    const channel = bmc.channels.resolve(request.channel, context);
    const netFn = request.targetNetFn & 0x3e;
    if (netFn < NetFn.Group) throw new IpmiError(CC.InvalidDataField, 'not a group or OEM NetFn');
    const list = (netFn > NetFn.OemGroup ? [bmc.identity.manufacturerId] : bodiesOf(bmc, netFn)) as number[];
    const body = list[request.listIndex];
    const claimed = netFn > NetFn.OemGroup ? undefined : body;
    const luns = LUNS.map((lun) =>
      support(bmc, channel, body !== undefined && servesAny(bmc, channel, netFn, lun, claimed)),
    );
    if (body === undefined || luns.every((lun) => lun === 0))
      throw new IpmiError(CC.ParameterOutOfRange, `no body ${request.listIndex}`);
    return {
      last: request.listIndex === list.length - 1 ? 1 : 0,
      lun0: luns[0],
      lun1: luns[1],
      lun2: luns[2],
      lun3: luns[3],
      body: bodyBytes({ netFn: netFn === NetFn.Group ? NetFn.Group : NetFn.OemGroup, body }),
    };
  }),
];

function servesAny(
  bmc: BmcState,
  channel: number,
  netFn: number,
  lun: number,
  body: number | undefined,
): boolean {
  for (let cmd = 0; cmd < 256; cmd++) if (served(bmc, { channel, netFn, lun, cmd, body })) return true;
  return false;
}
