import { CC, hexText, IpmiError, isTemporary, latin1 } from '../codec/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import type { Command } from '../commands/command.ts';
import {
  ActivateFirmware,
  ComponentDescription,
  ComponentProperty,
  FinishFirmwareUpload,
  FirmwareVersion,
  GetComponentProperties,
  GetTargetUpgradeCapabilities,
  GetUpgradeStatus,
  InitiateUpgradeAction,
  QueryRollbackStatus,
  UpgradeAction,
  UploadFirmwareBlock,
  UploadProgress,
} from '../commands/picmg/hpm.ts';
import { compareVersions, versionText, type Version } from '../images/firmware-version.ts';
import type { Clock } from '../world/world.ts';
import type { Client } from './client.ts';
import { FlashError, type FlashedComponent, type FlashOptions, type FlashResult } from './flash.ts';
import { readHpmImage, type HpmImage, type HpmPart } from './hpm-image.ts';
import { LogInError, TimeoutError } from './lan.ts';
import { settled } from '../world/settled.ts';

/** A connection that can be made again. */
export interface Connection {
  readonly client: Client;
  close(): Promise<void>;
}

export interface HpmFlasherOptions {
  readonly clock: Clock;
  /** Rejects with TimeoutError while the BMC is away. */
  readonly connect: () => Promise<Connection>;
}

/** Data bytes of a block that every interface carries. */
const SMALLEST_BLOCK = 22;
const IN_PROGRESS = 0x80;
/** Milliseconds between two questions whether a long command is done. */
const POLL = 250;
/** Milliseconds that a BMC may be away where it does not say. */
const AWAY = 60_000;

/**
 * Updates firmware by HPM.1. A lost connection is made again, and the upload goes on where the BMC has got
 * to.
 */
export class HpmFlasher {
  readonly #clock: Clock;
  readonly #connect: () => Promise<Connection>;
  #connection: Connection | undefined;
  #away = AWAY;
  #resumed = 0;

  constructor({ clock, connect }: HpmFlasherOptions) {
    this.#clock = clock;
    this.#connect = connect;
  }

  /** Rejects with FlashError, HpmImageError, LogInError, or TimeoutError. */
  async flash(options: FlashOptions): Promise<FlashResult> {
    const { image: file, activate = true, progress } = options;
    const began = this.#clock.monotonic();
    progress({ step: 'checking' });
    const image = await readHpmImage(file);
    this.#connection = await this.#connect();
    try {
      const parts = await this.#chosen(image, options);
      const components: FlashedComponent[] = [];
      for (const part of parts) components.push(await this.#upload(part, options));
      if (activate && components.length > 0) await this.#activate(options);
      const shown = activate ? await this.#after(components) : components;
      return {
        components: shown,
        activated: activate,
        resumed: this.#resumed,
        seconds: (this.#clock.monotonic() - began) / 1000,
      };
    } finally {
      await settled(this.#connection?.close());
    }
  }

  /** What of the image this BMC takes. */
  async #chosen(
    { header, records }: HpmImage,
    { components, force = false }: FlashOptions,
  ): Promise<HpmPart[]> {
    const device = await this.#ask(GetDeviceId);
    for (const key of ['deviceId', 'productId', 'manufacturerId'] as const) {
      if (header[key] !== device[key] && !force)
        throw new FlashError(
          'checking',
          `the image is for ${key} ${header[key]}, the BMC has ${device[key]}`,
        );
    }
    const earliest = { major: header.earliestMajor, minor: header.earliestMinor };
    const active = { major: device.firmwareMajor, minor: device.firmwareMinor };
    if (compareVersions(active, earliest) < 0 && !force) {
      throw new FlashError(
        'checking',
        `the image needs firmware ${versionText({ ...earliest, aux: '' })} or newer, the BMC has ${versionText({ ...active, aux: '' })}`,
      );
    }
    const target = await this.#ask(GetTargetUpgradeCapabilities).catch((error: unknown) => {
      const unknown = error instanceof IpmiError && error.cc === CC.InvalidCommand;
      throw unknown
        ? new FlashError('checking', 'this BMC has no HPM.1 firmware upgrade')
        : refused('reading what can be upgraded', error);
    });
    if (target.upgradeUndesirable && !force)
      throw new FlashError('checking', 'the BMC says that an upgrade is undesirable now');
    this.#away = Math.max(AWAY, target.inaccessibilityTimeout * 5000);
    const parts = records
      .flatMap(({ firmware }) => firmware ?? [])
      .filter(({ component }) => components?.includes(component) ?? true);
    const missing = components?.find((id) => !parts.some(({ component }) => component === id));
    if (missing !== undefined)
      throw new FlashError('checking', `the image has nothing for component ${missing}`);
    const unknown = parts.find(({ component }) => (target.components & (1 << component)) === 0);
    if (unknown) throw new FlashError('checking', `the BMC has no component ${unknown.component}`);
    return parts;
  }

  async #upload(part: HpmPart, { image, progress }: FlashOptions): Promise<FlashedComponent> {
    const { component, length } = part;
    const { description: name } = ComponentDescription.decode(
      await this.#property(component, ComponentProperty.Description),
    );
    const before = await this.#version(component);
    const about = { component, name, size: length };
    progress({ ...about, step: 'preparing', sent: 0 });
    await this.#long(`preparing ${name}`, component, InitiateUpgradeAction, {
      components: 1 << component,
      action: UpgradeAction.Upgrade,
    });
    let { nextBlock: block, largestBlock } = await this.#progress(component);
    for (let sent = 0; sent < length;) {
      progress({ ...about, step: 'uploading', sent });
      const data = await image.readAt(part.position + sent, Math.min(largestBlock, length - sent));
      try {
        await this.#long(`uploading ${name}`, component, UploadFirmwareBlock, { block, data });
        sent += data.length;
        block = (block + 1) & 0xff;
      } catch (error) {
        const { cause } = error as Error;
        const tooLong =
          cause instanceof IpmiError &&
          (cause.cc === CC.RequestLengthInvalid || cause.cc === CC.RequestLengthExceeded);
        if (tooLong && largestBlock > SMALLEST_BLOCK)
          largestBlock = Math.max(SMALLEST_BLOCK, largestBlock >> 1);
        else if (error instanceof TimeoutError) {
          progress({ ...about, step: 'reconnecting', sent });
          await this.#reconnect();
          this.#resumed++;
          ({ received: sent, nextBlock: block } = await this.#progress(component));
          if (sent === 0) {
            await this.#long(`preparing ${name}`, component, InitiateUpgradeAction, {
              components: 1 << component,
              action: UpgradeAction.Upgrade,
            });
            block = 0;
          }
        } else throw error;
      }
    }
    progress({ ...about, step: 'verifying', sent: length });
    await this.#long(`verifying ${name}`, component, FinishFirmwareUpload, { component, size: length });
    return { component, name, before, after: undefined, image: versionText(part.version), bytes: length };
  }

  /** The BMC may go away for it; it is done when the BMC says so. */
  async #activate({ progress }: FlashOptions): Promise<void> {
    progress({ step: 'activating' });
    await this.#long('activating', undefined, ActivateFirmware, {});
  }

  async #after(components: readonly FlashedComponent[]): Promise<FlashedComponent[]> {
    const shown: FlashedComponent[] = [];
    for (const component of components)
      shown.push(
        component.component === undefined
          ? component
          : { ...component, after: await this.#version(component.component) },
      );
    return shown;
  }

  /**
   * A command that may take long: 80h, and then Get Upgrade Status until it is done. Where the BMC goes away
   * meanwhile, it comes back.
   */
  async #long<Q>(
    step: string,
    component: number | undefined,
    command: Command<Q, unknown>,
    request: Q,
  ): Promise<void> {
    try {
      await this.#ask(command, request);
      return;
    } catch (error) {
      // An activation may be lost together with its answer.
      const lost = error instanceof TimeoutError && command.cmd === ActivateFirmware.cmd;
      const going = error instanceof IpmiError && error.cc === IN_PROGRESS;
      if (error instanceof TimeoutError && !lost) throw error;
      if (!lost && !going) throw await this.#refused(step, component, error);
    }
    for (;;) {
      await this.#wait(POLL);
      try {
        const status = await this.#ask(GetUpgradeStatus);
        if (status.command !== command.cmd) throw new FlashError(step, 'another upgrade began meanwhile');
        if (status.completionCode === CC.Ok) return;
        if (status.completionCode !== IN_PROGRESS)
          throw await this.#refused(step, component, new IpmiError(status.completionCode));
      } catch (error) {
        if (error instanceof IpmiError && isTemporary(error.cc)) continue;
        if (!(error instanceof TimeoutError)) throw error;
        await this.#reconnect();
      }
    }
  }

  /** The BMC's own words, where it has some, beside the completion code. */
  async #refused(step: string, component: number | undefined, error: unknown): Promise<FlashError> {
    if (!(error instanceof IpmiError)) return error instanceof FlashError ? error : refused(step, error);
    const problem = await this.#property(component ?? 0, ComponentProperty.LastProblem).then(
      latin1,
      () => '',
    );
    const rolledBack = component === undefined ? await this.#rolledBack() : '';
    return new FlashError(step, `${problem || error.message}${rolledBack}`, { cause: error });
  }

  async #rolledBack(): Promise<string> {
    const { components } = await this.#ask(QueryRollbackStatus).catch(() => ({ components: 0 }));
    return components === 0 ? '' : '; the firmware before is back';
  }

  async #property(component: number, selector: number): Promise<Uint8Array> {
    return (await this.#ask(GetComponentProperties, { component, selector })).data;
  }

  async #version(component: number): Promise<string> {
    const { major, minor, aux } = FirmwareVersion.decode(
      await this.#property(component, ComponentProperty.CurrentVersion),
    );
    const version: Version = { major, minor, aux: hexText(aux) };
    return versionText(version);
  }

  /** Where an upload has got to; another maker's BMC does not say, and begins anew with small blocks. */
  async #progress(component: number): Promise<{ received: number; nextBlock: number; largestBlock: number }> {
    try {
      return UploadProgress.decode(await this.#property(component, ComponentProperty.UploadProgress));
    } catch (error) {
      if (error instanceof IpmiError) return { received: 0, nextBlock: 0, largestBlock: SMALLEST_BLOCK };
      throw error;
    }
  }

  async #ask<Q, R>(
    command: Command<Q, R>,
    ...request: Record<string, never> extends Q ? [request?: Q] : [request: Q]
  ): Promise<R> {
    if (!this.#connection) throw new FlashError('connection', 'there is none');
    return this.#connection.client.send(command, ...request);
  }

  /** Tries until the BMC is back, or has been away for too long. */
  async #reconnect(): Promise<void> {
    const end = this.#clock.monotonic() + this.#away;
    await settled(this.#connection?.close());
    for (;;) {
      try {
        this.#connection = await this.#connect();
        return;
      } catch (error) {
        if (
          !(error instanceof TimeoutError || (error instanceof LogInError && this.#clock.monotonic() < end))
        )
          throw error;
        if (this.#clock.monotonic() > end)
          throw new FlashError('connecting', `the BMC has been away for ${Math.round(this.#away / 1000)} s`, {
            cause: error,
          });
        await this.#wait(POLL);
      }
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

const refused = (step: string, error: unknown): FlashError =>
  new FlashError(step, error instanceof IpmiError ? error.message : String(error), { cause: error });
