import { hexText, IpmiError, latin1 } from '../codec/index.ts';
import {
  AbortFirmwareUpgrade,
  ComponentDescription,
  ComponentProperty,
  FirmwareVersion,
  GetComponentProperties,
  GetTargetUpgradeCapabilities,
  NO_VERSION,
  UploadProgress,
  UploadStage,
  UploadStatus,
} from '../commands/picmg/hpm.ts';
import { versionText } from '../images/firmware-version.ts';
import type { Client } from './client.ts';

export interface ComponentStatus {
  readonly component: number;
  readonly name: string;
  /** Versions as text; undefined: there is none. */
  readonly active: string;
  readonly rollback: string | undefined;
  readonly deferred: string | undefined;
  /** SHA-256 of the active image as hex, where the BMC says it. */
  readonly digest: string | undefined;
  readonly upload: UploadInfo | undefined;
}

export interface UploadInfo {
  readonly stage: string;
  readonly owner: string;
  readonly received: number;
  /** Seconds until it is given up if nothing comes. */
  readonly expiresIn: number;
}

const STAGES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(UploadStage).map(([name, value]) => [value, name.toLowerCase()]),
);

/**
 * What can be updated, and what is under way, over HPM.1 and the OEM properties of this project. Rejects with
 * IpmiError.
 */
export async function updateStatus(client: Client): Promise<ComponentStatus[]> {
  const { components } = await client.send(GetTargetUpgradeCapabilities);
  const all: ComponentStatus[] = [];
  for (let component = 0; component < 8; component++)
    if (components & (1 << component)) all.push(await statusOf(client, component));
  return all;
}

/** Ends the upload that is under way, whoever owns it, and gives up every image that waits for activation. */
export const killUpdate = async (client: Client): Promise<void> =>
  void (await client.send(AbortFirmwareUpgrade));

async function statusOf(client: Client, component: number): Promise<ComponentStatus> {
  const property = async (selector: number): Promise<Uint8Array> =>
    (await client.send(GetComponentProperties, { component, selector })).data;
  const version = async (selector: number): Promise<string | undefined> => {
    const data = await property(selector);
    if (hexText(data) === hexText(NO_VERSION)) return undefined;
    const { major, minor, aux } = FirmwareVersion.decode(data);
    return versionText({ major, minor, aux: hexText(aux) });
  };
  const { description: name } = ComponentDescription.decode(await property(ComponentProperty.Description));
  const active = (await version(ComponentProperty.CurrentVersion)) ?? '';
  const rollback = await version(ComponentProperty.RollbackVersion);
  const deferred = await version(ComponentProperty.DeferredVersion);
  try {
    const { stage, expiresIn } = UploadStatus.decode(await property(ComponentProperty.UploadStatus));
    const { received } = UploadProgress.decode(await property(ComponentProperty.UploadProgress));
    const owner = latin1(await property(ComponentProperty.Owner));
    const digest = hexText(await property(ComponentProperty.ActiveDigest)) || undefined;
    const upload =
      stage === UploadStage.Idle
        ? undefined
        : { stage: STAGES[stage] ?? String(stage), owner, received, expiresIn };
    return { component, name, active, rollback, deferred, digest, upload };
  } catch (error) {
    // Another maker's BMC has other OEM properties, or none.
    if (!(error instanceof IpmiError)) throw error;
    return { component, name, active, rollback, deferred, digest: undefined, upload: undefined };
  }
}
