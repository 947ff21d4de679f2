import { vectors } from '../../../test/support/vectors.ts';
import {
  GetSolConfigurationParameters,
  SetSolConfigurationParameters,
  SolActivating,
} from '../transport/sol.ts';
import {
  ActivatePayload,
  DeactivatePayload,
  GetChannelOemPayloadInfo,
  GetChannelPayloadSupport,
  GetChannelPayloadVersion,
  GetPayloadActivationStatus,
  GetPayloadInstanceInfo,
  GetUserPayloadAccess,
  SetUserPayloadAccess,
  SuspendResumePayloadEncryption,
} from './payloads.ts';

vectors(ActivatePayload, {
  'ipmitool and ipmi_sim': '01 01 c6 00 00 00 -> 00 00 00 00 20 00 00 40 69 24 ff ff',
});
vectors(DeactivatePayload, { ipmitool: '01 01 00 00 00 00 ->' });
vectors(SuspendResumePayloadEncryption, { 'suspend instance 2': '01 02 00 ->', resume: '01 01 01 ->' });
vectors(GetPayloadActivationStatus, {
  'one of one': '01 -> 01 01 00',
  'instances 2 and 16 of 15': '01 -> 0f 02 80',
});
vectors(GetPayloadInstanceInfo, { pyghmi: '01 01 -> 82 06 00 00 01 00 00 00 00 00 00 00' });
vectors(SetUserPayloadAccess, {
  'ipmitool sol payload disable 1 3': '01 43 02 00 00 00 ->',
  'OEM 0 and 7': '0e 02 00 00 81 00 ->',
});
vectors(GetUserPayloadAccess, { 'ipmitool sol payload status 1 3': '01 03 -> 02 00 00 00' });
vectors(GetChannelPayloadSupport, { ipmiconsole: '0e -> 03 00 3f 00 00 00 00 00' });
vectors(GetChannelPayloadVersion, { 'SOL 1.0': '0e 01 -> 10' });
vectors(GetChannelOemPayloadInfo, { 'by handle': '01 20 00 00 00 00 00 -> 20 cd ab 00 07 01 21' });
vectors(SolActivating, { 'about to be activated': '01 01 01 00 ->' });
vectors(SetSolConfigurationParameters, { 'ipmitool sol set retry-interval 20': '01 04 07 14 ->' });
vectors(GetSolConfigurationParameters, {
  'ipmitool sol info': '01 04 00 00 -> 11 07 0a',
  'revision only': '8e 00 00 00 -> 11',
});
