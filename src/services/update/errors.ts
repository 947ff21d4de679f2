import { ERROR_CODES } from '../../codec/index.ts';

/** Why an update cannot go on. Each front end has its own completion code for it. */
export type UpdateProblem =
  /** Somebody else's update is under way, or an activation. */
  | 'busy'
  /** No such component. */
  | 'no-component'
  /** No update of this owner is under way. */
  | 'no-update'
  | 'too-large'
  /** Bytes beyond those that are there. */
  | 'gap'
  /** Fewer or more bytes than the owner says it sent. */
  | 'size'
  /** What is stored is not what was sent, or not what its descriptor or its owner says. */
  | 'digest'
  | 'signature'
  | 'wrong-device'
  | 'wrong-version'
  /** Compared with the active image: another one. */
  | 'mismatch'
  | 'nothing-to-activate'
  | 'nothing-to-roll-back'
  | 'self-test'
  /** A back end said no. */
  | 'refused'
  | 'aborted'
  /** The medium failed. */
  | 'storage'
  /** Not by this channel, or below the privilege that updates need. */
  | 'not-allowed';

export class UpdateError extends Error {
  override name = 'UpdateError';
  readonly code = ERROR_CODES.UpdateError;
  readonly problem: UpdateProblem;

  constructor(problem: UpdateProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}

/** Whatever went wrong, as what its caller may be told. */
export const told = (error: unknown): UpdateError =>
  error instanceof UpdateError
    ? error
    : new UpdateError('storage', (error as Error).message, { cause: error });
