import { CC, IpmiError } from '../../codec/index.ts';
import { UploadStage } from '../../commands/picmg/hpm.ts';
import type { Context, Timers } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import {
  sessionKey,
  UpdateError,
  type Owner,
  type UpdateProblem,
  type UpdateService,
} from '../../services/update/index.ts';

/**
 * Milliseconds after which a requester is told that its command is still at work, well below what any client
 * waits.
 */
const PATIENCE = 200;
/** Milliseconds without a word from a session after which its user goes on in another one. */
const SILENT = 10_000;
const IN_PROGRESS = 0x80;
const STAGES = {
  preparing: UploadStage.Preparing,
  uploading: UploadStage.Uploading,
  uploaded: UploadStage.Uploaded,
  verifying: UploadStage.Verifying,
};

/**
 * Completion codes where a command has none of its own. Never FFh, C3h or D3h: clients take those for a busy
 * wire and ask for ever.
 */
const CODES: Readonly<Record<UpdateProblem, number>> = {
  busy: CC.NotSupportedInState,
  'no-component': 0x81,
  'no-update': CC.NotSupportedInState,
  'too-large': CC.OutOfSpace,
  gap: 0x82,
  size: 0x81,
  digest: 0x82,
  signature: 0x82,
  'wrong-device': CC.InvalidDataField,
  'wrong-version': CC.ParameterOutOfRange,
  mismatch: 0x83,
  'nothing-to-activate': CC.NotSupportedInState,
  'nothing-to-roll-back': CC.NotSupportedInState,
  'self-test': CC.NotSupportedInState,
  refused: CC.NotSupportedInState,
  aborted: CC.NotSupportedInState,
  storage: CC.OutOfSpace,
  'not-allowed': CC.InsufficientPrivilege,
};

/**
 * What an HPM.1 target remembers between commands: the last long-duration command, and where the upload's
 * blocks are.
 */
export class HpmAgent {
  readonly update: UpdateService;
  readonly #clock: Timers;
  last = { command: 0, completionCode: CC.Ok as number };
  /** Why the last command was refused, for people. */
  problem = '';
  nextBlock = 0;
  /** The last block that was taken. */
  #taken: { readonly block: number; readonly position: number; readonly size: number } | undefined;

  constructor(update: UpdateService, clock: Timers) {
    this.update = update;
    this.#clock = clock;
  }

  /**
   * The session, whichever way its messages come; the host and controllers have none. A user who lost a
   * session goes on with the next one.
   */
  ownerOf(context: Context<BmcState>): Owner {
    const { bmc, channel, requester, origin } = context;
    const { session } = origin;
    const who = session?.userName ?? (channel.medium === 'system-interface' ? 'the host' : requester);
    const from = session === undefined || requester === '' ? '' : ` from ${requester}`;
    const label = `${who || 'the null user'} on channel ${channel.number}${from}`;
    if (session === undefined) return { key: `hpm ${channel.number} ${who}`, label };
    const isGone = (): boolean => {
      const now = bmc.sessions.byId(session.id);
      return now === undefined || this.#clock.monotonic() - now.lastHeard >= SILENT;
    };
    return {
      key: sessionKey(session),
      account: `${session.channel.number}/${session.userId}`,
      userId: session.userId,
      isGone,
      label,
    };
  }

  /**
   * Work that may take long: its answer where it is quick, 80h where it is not; Get Upgrade Status then
   * tells.
   */
  long(command: number, owner: Owner, work: Promise<unknown>): Promise<void> {
    const mine = { command, completionCode: IN_PROGRESS as number };
    // What somebody else was refused is nothing that the owner of an upload asks after.
    if (this.update.info === undefined || this.update.owns(owner)) this.last = mine;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(PATIENCE, () =>
        reject(new IpmiError(IN_PROGRESS, 'command in progress')),
      );
      work.then(
        () => {
          mine.completionCode = CC.Ok;
          timer.cancel();
          resolve();
        },
        (error: unknown) => {
          const refusal = this.refusal(error);
          mine.completionCode = refusal.cc;
          timer.cancel();
          reject(refusal);
        },
      );
    });
  }

  begun(): void {
    this.nextBlock = 0;
    this.#taken = undefined;
  }

  /** Takes the next block, or the one before once more. Undefined: it is taken. */
  block(command: number, owner: Owner, block: number, data: Uint8Array): Promise<void> | undefined {
    try {
      const position = this.#positionOf(owner, block, data.length);
      this.#refuseWhileWriting(command, block);
      const done = this.update.write(owner, position, data);
      this.#taken = { block, position, size: data.length };
      this.nextBlock = (block + 1) & 0xff;
      if (done) return this.long(command, owner, done);
      this.last = { command, completionCode: CC.Ok };
      return undefined;
    } catch (error) {
      throw this.refusal(error);
    }
  }

  get percent(): number {
    const { stage, received, verified } = this.update.info ?? {
      stage: 'uploading' as const,
      received: 0,
      verified: 0,
    };
    if (this.last.completionCode !== IN_PROGRESS) return 100;
    return stage === 'verifying' && received > 0 ? Math.floor((verified * 100) / received) : 0;
  }

  get stage(): number {
    const { switching, info } = this.update;
    if (switching) return switching === 'activating' ? UploadStage.Activating : UploadStage.RollingBack;
    return info ? STAGES[info.stage] : UploadStage.Idle;
  }

  /** The completion code of a failure; why is remembered. */
  refusal(error: unknown): IpmiError {
    const { message } = error as Error;
    this.problem = message.slice(0, 200);
    if (error instanceof UpdateError) return new IpmiError(CODES[error.problem], message, { cause: error });
    return error instanceof IpmiError
      ? error
      : new IpmiError(CC.NotSupportedInState, message, { cause: error });
  }

  /** A block comes only when the one before is taken; the same one once more hears what it heard. */
  #refuseWhileWriting(command: number, block: number): void {
    if (this.last.command !== command || this.last.completionCode !== IN_PROGRESS) return;
    if (block === this.#taken?.block) throw new IpmiError(IN_PROGRESS, 'command in progress');
    throw new UpdateError('busy', `block ${this.#taken?.block} is being written`);
  }

  #positionOf(owner: Owner, block: number, size: number): number {
    const received = this.update.received(owner);
    if (this.#taken?.block === block && this.#taken.size === size && block !== this.nextBlock)
      return this.#taken.position;
    if (block !== this.nextBlock)
      throw new UpdateError('gap', `block ${block} came, ${this.nextBlock} is the next`);
    return received;
  }
}
