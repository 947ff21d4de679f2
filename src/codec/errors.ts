import { CC, completionCodeName } from './completion-codes.ts';
import { ERROR_CODES, type ErrorCode } from './error-codes.ts';
import { hex2 } from './hex.ts';

export interface IpmiErrorOptions extends ErrorOptions {
  /** Response data that goes with the code, where a command defines such (DCMI Get Power Limit, 80h). */
  readonly data?: Uint8Array;
}

/** Any failure that has an answer on the wire. Only the router turns it into bytes. */
export class IpmiError extends Error {
  override name = 'IpmiError';
  readonly code: ErrorCode = ERROR_CODES.IpmiError;
  /** Completion code, 01h..FFh (IPMI 2.0 §5.2). */
  readonly cc: number;
  readonly data: Uint8Array | undefined;

  constructor(cc: number, message: string = completionCodeName(cc), options?: IpmiErrorOptions) {
    super(`${message} (cc ${hex2(cc)}h)`, options);
    this.cc = cc;
    this.data = options?.data;
  }
}

/** Bytes that do not fit their layout: C7h, with the field and where it should have been. */
export class DecodeError extends IpmiError {
  override name = 'DecodeError';
  override readonly code = ERROR_CODES.DecodeError;
  readonly layout: string;
  readonly field: string;
  /** Offset of the field from the first byte of the layout. */
  readonly offset: number;

  constructor(
    layout: string,
    field: string,
    offset: number,
    problem: string,
    cc: number = CC.RequestLengthInvalid,
  ) {
    super(cc, `${layout}: ${field} at byte ${offset}: ${problem}`);
    this.layout = layout;
    this.field = field;
    this.offset = offset;
  }
}

/** A value that its field cannot hold. A programming error, never masked: FFh if it escapes a handler. */
export class EncodeError extends Error {
  override name = 'EncodeError';
  readonly code = ERROR_CODES.EncodeError;
  readonly field: string;

  constructor(layout: string, field: string, problem: string) {
    super(`${layout}: ${field}: ${problem}`);
    this.field = field;
  }
}
