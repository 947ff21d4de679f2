import { CC, IpmiError } from '../../codec/index.ts';
import {
  AlertImmediate,
  AlertOperation,
  ArmPefPostponeTimer,
  GetLastProcessedEventId,
  GetPefCapabilities,
  GetPefConfigurationParameters,
  PetAcknowledge,
  SetLastProcessedEventId,
  SetPefConfigurationParameters,
} from '../../commands/sensor/pef.ts';
import { PEF_FILTERS, PEF_STRINGS } from '../../commands/parameters/pef.ts';
import { PARAMETER_REVISION } from '../../commands/parameters/requests.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

/** As digits, least significant first: 1.5, which IPMI 2.0 did not change (§30.1). */
const PEF_VERSION = 0x51;

export const pefHandlers: readonly Handler<BmcState>[] = [
  handle(GetPefCapabilities, () => ({
    version: PEF_VERSION,
    oemRecords: false,
    diagnosticInterrupt: true,
    oem: true,
    powerCycle: true,
    reset: true,
    powerDown: true,
    alert: true,
    filters: PEF_FILTERS,
  })),

  handle(ArmPefPostponeTimer, ({ timeout }, { bmc }) => ({ present: bmc.pef.arm(timeout) })),

  handle(SetPefConfigurationParameters, ({ parameter, data }, { bmc, session, channel }) =>
    after(bmc.pef.setParameter(parameter, data, session ?? channel), {}),
  ),

  handle(
    GetPefConfigurationParameters,
    ({ revisionOnly, parameter, setSelector, blockSelector }, { bmc }) => ({
      revision: PARAMETER_REVISION,
      data: revisionOnly ? new Uint8Array(0) : bmc.pef.parameters.get(parameter, setSelector, blockSelector),
    }),
  ),

  handle(SetLastProcessedEventId, ({ byBmc, recordId }, { bmc }) =>
    after(bmc.pef.setLastProcessed(byBmc, recordId), {}),
  ),

  handle(GetLastProcessedEventId, (_request, { bmc: { pef, sel } }) => ({
    lastAdded: sel.lastAdded,
    lastRecordId: sel.lastId,
    softwareRecordId: pef.softwareRecordId,
    bmcRecordId: pef.bmcRecordId,
  })),

  handle(
    AlertImmediate,
    ({ channel, operation, destination, sendString, stringSelector, event }, context) => {
      const { bmc } = context;
      const { alerts, parameters } = bmc.pef;
      const number = bmc.channels.resolve(channel, context);
      if (!bmc.channels.isLan(number))
        throw new IpmiError(CC.InvalidDataField, `channel ${number} sends no alerts`);
      if (operation === AlertOperation.Status) return { status: alerts.status(number) };
      if (operation === AlertOperation.Clear) {
        alerts.clearStatus(number);
        return {};
      }
      if (operation !== AlertOperation.Start)
        throw new IpmiError(CC.InvalidDataField, `operation ${operation}`);
      if (destination > bmc.lan.destinations)
        throw new IpmiError(CC.ParameterOutOfRange, `destination ${destination}`);
      if (sendString && stringSelector > PEF_STRINGS)
        throw new IpmiError(CC.ParameterOutOfRange, `alert string ${stringSelector}`);
      const text = sendString ? parameters.string(stringSelector) : undefined;
      if (!alerts.sendNow(number, destination, text, event))
        throw AlertImmediate.refuse('alertInProgress', 'an alert is in progress');
      return {};
    },
  ),

  handle(PetAcknowledge, ({ sequence, localTimestamp, eventSource, sensorDevice, sensorNumber }, { bmc }) => {
    bmc.pef.alerts.acknowledge(sequence, localTimestamp, eventSource, sensorDevice, sensorNumber);
  }),
];
