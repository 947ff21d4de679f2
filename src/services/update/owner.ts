import type { Timer } from '../../world/world.ts';
import { UpdateError } from './errors.ts';
import type { Upload } from './upload.ts';
import type { Privilege } from '../../commands/command.ts';
import type { Channel } from '../../joint/message.ts';
import type { Files } from '../../world/world.ts';
import type { Component } from './component.ts';
import type { SwitcherOptions } from './switcher.ts';
import type { Device } from './upload.ts';

/** Who updates. An upload belongs to who has the key that it was begun with. */
export interface Owner {
  readonly key: string;
  /**
   * Whose session it is. Another session of the same account goes on with an upload whose own session is
   * over or silent, and may begin one in place of it.
   */
  readonly account?: string;
  /**
   * The user slot of that account: an upload that it has left is no longer its own once its rights were
   * taken.
   */
  readonly userId?: number;
  /** True where the session that began is over, or has not spoken for long. */
  readonly isGone?: () => boolean;
  /** For logs: `admin on channel 1 from 127.0.0.1:40712`. */
  readonly label: string;
}

/** The owner's key of an upload that a session begins by HPM.1. */
export const sessionKey = ({ id }: { readonly id: number }): string => `hpm, session ${id}`;

export interface UpdateOptions extends SwitcherOptions {
  readonly components: readonly Component[];
  readonly device: Device;
  /** Milliseconds without a byte after which an upload is given up. */
  readonly expiry: number;
  /** An upload begins, and ends: Get Device ID shows it. */
  readonly updating: (underWay: boolean) => void;
  readonly access: UpdateAccess;
  /** Held while the service is open: no other process may use these images. */
  readonly lock?: { readonly files: Files; readonly directory: string; readonly isNamed: boolean };
}

export type UploadStage = 'preparing' | 'uploading' | 'uploaded' | 'verifying';

/** Who may update; front ends ask before they do anything. */
export interface UpdateAccess {
  /** Least privilege. */
  readonly privilege: Privilege;
  readonly allows: (channel: Channel) => boolean;
}

/** What is under way, for people. */
export interface UpdateInfo {
  readonly component: number;
  readonly name: string;
  readonly stage: UploadStage;
  readonly owner: string;
  /** Bytes that are here. */
  readonly received: number;
  /** Bytes that verification has looked at. */
  readonly verified: number;
  /** Milliseconds since it began, and until it is given up if nothing comes. */
  readonly age: number;
  readonly expiresIn: number;
}

export const isSameAccount = (owner: Owner, other: Owner): boolean =>
  owner.account !== undefined && owner.account === other.account;

export interface Running {
  readonly upload: Upload;
  owner: Owner;
  readonly began: number;
  stage: UploadStage;
  touched: number;
  timer: Timer | undefined;
  work: Promise<unknown> | undefined;
  ended: UpdateError | undefined;
}
