import { CC, fromLatin1, hexBytes, IpmiError } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import {
  AbortFirmwareUpgrade,
  ActivateFirmware,
  ComponentDescription,
  ComponentProperty,
  FinishFirmwareUpload,
  FirmwareVersion,
  GeneralComponentProperties,
  GetComponentProperties,
  GetHpmxCapabilities,
  GetPicmgProperties,
  GetTargetUpgradeCapabilities,
  GetUpgradeStatus,
  InitiateManualRollback,
  InitiateUpgradeAction,
  LanChannelCapabilities,
  NO_VERSION,
  QueryRollbackStatus,
  QuerySelfTestResults,
  UpgradeAction,
  UploadFirmwareBlock,
  UploadProgress,
  UploadStatus,
} from '../../commands/picmg/hpm.ts';
import { GetLanConfigurationParameters } from '../../commands/transport/lan.ts';
import type { Channel, Context, Handler, HandlerSet } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { UpdateError, type Component, type Image, type UpdateService } from '../../services/update/index.ts';
import { handle } from '../handle.ts';
import { HpmAgent } from './hpm-agent.ts';

/** In units of 5 s: how long a client waits before it gives up. */
const TIMEOUTS = { upgradeTimeout: 12, selfTestTimeout: 12, rollbackTimeout: 12, inaccessibilityTimeout: 12 };
const ROLLBACK_WITHOUT_BACKUP = 2;
const HPM2 = 2;
/** The first LAN configuration parameter of HPM.2's own, and the byte that both its revisions make. */
const HPM2_LAN_PARAMETERS = 0xc0;
const HPM2_REVISION = 0x11;
/** Bytes of an IPMI message around its data: addresses, NetFn, sequence number, command, two checksums. */
const AROUND = 7;
/** Bytes of a block's request that are not its data: defining body and number. */
const BEFORE_BLOCK = 2;
/** Numbers that a channel may have (IPMI 2.0 §6.3). */
const CHANNELS = Array.from({ length: 12 }, (_, number) => number);
const LAN_PAYLOAD = 1400;
/** Most bytes of an IPMI message that the BMC sends. */
const MAX_OUTBOUND = 255;
/**
 * Data that a request carries where the interface is not LAN: BT, KCS and SSIF take 255 bytes with what is
 * around it, IPMB 32.
 */
const HOST_DATA = 240;
const IPMB_DATA = 25;

export interface HpmOptions {
  /** Least privilege of who may update. */
  readonly privilege: Privilege;
  /**
   * Most bytes of an IPMI message that a LAN client is told to send. Default 1400: a datagram that no
   * Ethernet splits.
   */
  readonly lanPayload?: number;
}

/** The agents of all BMCs that the same handlers serve, and who may ask them. */
class Agents {
  readonly #agents = new WeakMap<UpdateService, HpmAgent>();

  /** The agent of a BMC, for who may ask by this channel; `asks`: a command with a code for who may not. */
  allowed(context: Context<BmcState>, asks?: { refuse(name: 'notHere'): IpmiError }): HpmAgent {
    const agent = this.#of(context);
    const { channel } = context;
    if (agent.update.access.allows(channel)) return agent;
    throw agent.refusal(
      asks?.refuse('notHere') ?? new UpdateError('not-allowed', `no updates by channel ${channel.number}`),
    );
  }

  #of({ bmc }: Context<BmcState>): HpmAgent {
    const { update, setup } = bmc;
    if (!update) throw new IpmiError(CC.InvalidCommand, 'nothing of this BMC can be updated');
    const agent = this.#agents.get(update) ?? new HpmAgent(update, setup.clock);
    this.#agents.set(update, agent);
    return agent;
  }
}

/** Most bytes of firmware in one request by a channel. */
const largestBlockOn = ({ medium }: Channel, lanPayload: number): number =>
  (medium === 'lan' ? lanPayload - AROUND : medium === 'system-interface' ? HOST_DATA : IPMB_DATA) -
  BEFORE_BLOCK;

/** A property of a component, HPM.1 table 3-5, and those of our own above C0h. */
function property(agent: HpmAgent, component: Component, selector: number, largestBlock: number): Uint8Array {
  const { update } = agent;
  const { options, active, rollback, pending } = component;
  const info = update.info?.component === component.id ? update.info : undefined;
  switch (selector) {
    case ComponentProperty.General:
      return GeneralComponentProperties.encode({
        payloadColdReset: options.needsPowerCycle,
        deferredActivation: true,
        comparison: true,
        preparation: true,
        rollback: options.slots === 2 ? ROLLBACK_WITHOUT_BACKUP : 0,
      });
    case ComponentProperty.CurrentVersion:
      return version(active);
    case ComponentProperty.Description:
      return ComponentDescription.encode({ description: options.name });
    case ComponentProperty.RollbackVersion:
      return version(rollback);
    case ComponentProperty.DeferredVersion:
      return version(pending);
    case ComponentProperty.UploadStatus: {
      const stage = info || update.switching ? agent.stage : 0;
      return UploadStatus.encode({
        stage,
        percent: agent.percent,
        expiresIn: Math.min(0xffff, Math.ceil((info?.expiresIn ?? 0) / 1000)),
      });
    }
    case ComponentProperty.UploadProgress:
      return UploadProgress.encode({
        received: info?.received ?? 0,
        nextBlock: agent.nextBlock,
        largestBlock,
      });
    case ComponentProperty.Owner:
      return fromLatin1(info?.owner ?? '');
    case ComponentProperty.ActiveDigest:
      return hexBytes(active.digest ?? '');
    case ComponentProperty.RollbackDigest:
      return hexBytes(rollback?.digest ?? '');
    case ComponentProperty.DeferredDigest:
      return hexBytes(pending?.digest ?? '');
    case ComponentProperty.LastProblem:
      return fromLatin1(agent.problem);
    default:
      throw GetComponentProperties.refuse('invalidProperty', `component property ${selector}`);
  }
}

/** What can be updated, and how it stands. */
const information = (agents: Agents, lanPayload: number): Handler<BmcState>[] => [
  handle(GetPicmgProperties, (_request, { bmc }) => ({
    extensionMinor: 0,
    extensionMajor: 0,
    maxFruDeviceId: Math.max(0, ...bmc.fru.devices.map(({ id }) => id)),
    controllerFruDeviceId: 0,
  })),

  handle(GetTargetUpgradeCapabilities, (_request, context) => {
    const { update } = agents.allowed(context, GetTargetUpgradeCapabilities);
    const canRollBack = update.components.some(({ options }) => options.slots === 2);
    return {
      hpmVersion: 0,
      upgradeUndesirable: false,
      rollbackOverride: canRollBack,
      degradedDuringUpgrade: false,
      deferredActivation: true,
      servicesAffected: false,
      manualRollback: canRollBack,
      automaticRollback: canRollBack,
      selfTest: true,
      ...TIMEOUTS,
      components: update.components.reduce((mask, { id }) => mask | (1 << id), 0),
    };
  }),

  handle(GetComponentProperties, ({ component: id, selector }, context) => {
    const agent = agents.allowed(context, GetComponentProperties);
    const { update } = agent;
    const component = update.components.find((component) => component.id === id);
    if (!component) throw GetComponentProperties.refuse('invalidComponent', `there is no component ${id}`);
    return { data: property(agent, component, selector, largestBlockOn(context.channel, lanPayload)) };
  }),
];

/** An upload from its beginning to its end. */
const uploading = (agents: Agents): Handler<BmcState>[] => [
  handle(AbortFirmwareUpgrade, (_request, context) => {
    const agent = agents.allowed(context);
    const { update } = agent;
    if (update.switching) throw AbortFirmwareUpgrade.refuse('cannotAbort', `the BMC is ${update.switching}`);
    const owner = agent.ownerOf(context);
    if (update.info && !update.owns(owner) && context.privilege < Privilege.Administrator)
      throw agent.refusal(new UpdateError('busy', `${update.info.owner} updates ${update.info.name}`));
    return agent.long(AbortFirmwareUpgrade.cmd, owner, update.discard(owner));
  }),

  handle(InitiateUpgradeAction, ({ components: mask, action }, context) => {
    const agent = agents.allowed(context);
    const { update } = agent;
    const chosen = update.components.filter(({ id }) => (mask & (1 << id)) !== 0);
    if (mask === 0 || chosen.reduce((bits, { id }) => bits | (1 << id), 0) !== mask)
      throw InitiateUpgradeAction.refuse('invalidComponent', `components ${mask.toString(2)}b`);
    const { cmd } = InitiateUpgradeAction;
    const owner = agent.ownerOf(context);
    if (action > UpgradeAction.Compare) throw new IpmiError(CC.InvalidDataField, `upgrade action ${action}`);
    // Both slots are always there: nothing has to be copied before it could come back, and each upload
    // empties its slot.
    if (action === UpgradeAction.Backup || action === UpgradeAction.Prepare) {
      if (action === UpgradeAction.Backup && chosen.some(({ options }) => options.slots === 1))
        throw InitiateUpgradeAction.refuse('invalidComponent', 'no place for a backup');
      return agent.long(cmd, owner, Promise.resolve());
    }
    if (chosen.length !== 1)
      throw InitiateUpgradeAction.refuse('invalidComponent', 'one component at a time is uploaded');
    const begun = update.begin(chosen[0].id, owner, { compare: action === UpgradeAction.Compare });
    // Whoever is refused leaves the blocks of another one's upload alone.
    return agent.long(
      cmd,
      owner,
      begun.then(() => agent.begun()),
    );
  }),

  handle(UploadFirmwareBlock, ({ block, data }, context) => {
    const agent = agents.allowed(context);
    const done = agent.block(UploadFirmwareBlock.cmd, agent.ownerOf(context), block, data);
    return done ? done.then(() => ({})) : {};
  }),

  handle(FinishFirmwareUpload, ({ component, size }, context) => {
    const agent = agents.allowed(context);
    const { update } = agent;
    const owner = agent.ownerOf(context);
    if (update.owns(owner) && update.info?.component !== component)
      throw new IpmiError(CC.InvalidDataField, `component ${component} is not being uploaded`);
    return agent.long(
      FinishFirmwareUpload.cmd,
      owner,
      update.finish(owner, size).then(() => update.verify(owner)),
    );
  }),

  handle(GetUpgradeStatus, (_request, context) => {
    const agent = agents.allowed(context);
    return { ...agent.last, percent: agent.percent };
  }),
];

/** What was uploaded becomes what runs, and the way back. */
const activation = (agents: Agents): Handler<BmcState>[] => [
  handle(ActivateFirmware, ({ rollbackOverride = 0 }, context) => {
    const agent = agents.allowed(context);
    const { update } = agent;
    if (rollbackOverride > 1)
      throw new IpmiError(CC.InvalidDataField, `rollback override ${rollbackOverride}`);
    const owner = agent.ownerOf(context);
    return agent.long(
      ActivateFirmware.cmd,
      owner,
      update.activate(owner, { keepFailed: rollbackOverride === 1 }),
    );
  }),

  handle(QuerySelfTestResults, (_request, context) => {
    const { update } = agents.allowed(context, QuerySelfTestResults);
    if (update.switching === 'activating')
      throw QuerySelfTestResults.refuse('inProgress', 'self test in progress');
    const { result, failed } = update.selfTest;
    return { result, detail: failed };
  }),

  handle(QueryRollbackStatus, (_request, context) => {
    const { update } = agents.allowed(context);
    if (update.switching)
      throw QueryRollbackStatus.refuse('inProgress', 'rollback in progress', { data: Uint8Array.of(0) });
    const { components, outcome } = update.lastRollback;
    if (outcome !== 'done')
      throw QueryRollbackStatus.refuse(outcome, `rollback ${outcome}`, { data: Uint8Array.of(components) });
    return { components };
  }),

  handle(InitiateManualRollback, (_request, context) => {
    const agent = agents.allowed(context);
    const { update } = agent;
    const owner = agent.ownerOf(context);
    return agent.long(InitiateManualRollback.cmd, owner, update.rollBack(owner));
  }),
];

/** What of HPM.2 lets clients send large blocks. */
const extensions: readonly Handler<BmcState>[] = [
  handle(GetHpmxCapabilities, ({ hpmId }, { bmc, privilege: level }) => {
    if (hpmId !== HPM2) throw new IpmiError(CC.InvalidDataField, `HPM.${hpmId}`);
    return {
      hpmId,
      revision: 1,
      // Clients then read LAN parameters; who may not is told of no channel.
      lanChannels:
        level < GetLanConfigurationParameters.privilege
          ? 0
          : CHANNELS.reduce((mask, number) => mask | (bmc.channels.isLan(number) ? 1 << number : 0), 0),
      dynamicSessions: false,
      versionSensor: false,
      extendedManagement: false,
      packetTrace: false,
      solExtension: false,
      lanParametersStart: HPM2_LAN_PARAMETERS,
      lanParametersRevision: 1,
      solParametersStart: 0xc0,
      solParametersRevision: 1,
    };
  }),
];

/**
 * PICMG HPM.1, a firmware upgrade agent (and what of HPM.2 lets clients send large blocks). For all BMCs
 * with the same settings: what an upgrade needs to remember is remembered for each.
 */
export function hpmHandlers({ privilege, lanPayload = LAN_PAYLOAD }: HpmOptions): HandlerSet<BmcState> {
  const agents = new Agents();
  const handlers = [
    ...information(agents, lanPayload),
    ...uploading(agents),
    ...activation(agents),
    ...extensions,
  ];
  return {
    owner: 'hpm',
    handlers: [
      // The settings say who may update; what only asks is for whom its declaration says.
      ...handlers.map((handler) =>
        handler.privilege === Privilege.Administrator ? { ...handler, privilege } : handler,
      ),
      handle(
        GetLanConfigurationParameters,
        (request, _context, next) => {
          if (request.parameter !== HPM2_LAN_PARAMETERS) return next(request);
          const attach = { capabilities: 0, attachType: 0, bandwidthClass: 0 };
          const data = LanChannelCapabilities.encode({
            ...attach,
            maxInboundPayload: lanPayload,
            maxOutboundPayload: MAX_OUTBOUND,
          });
          return { revision: HPM2_REVISION, data: request.revisionOnly ? new Uint8Array(0) : data };
        },
        { override: 'standard' },
      ),
    ],
  };
}

const version = (image: Image | undefined): Uint8Array =>
  image ? FirmwareVersion.encode({ ...image.version, aux: hexBytes(image.version.aux) }) : NO_VERSION;
