import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ReadStream } from 'node:tty';
import { promisify } from 'node:util';
import { inherited } from './environment.ts';
import { codeOf, systemError } from './system-error.ts';
import type { TtyAddress } from './world.ts';

/**
 * Opens a terminal device as a socket of bytes. `stty` of the system sets the line, because Node's own raw
 * mode still turns line feeds into two bytes on the way out.
 */
export async function openTty({ tty, baud = 115_200 }: TtyAddress): Promise<ReadStream> {
  // Opened here first for the system's own errors: no such file, no permission.
  const file = await open(tty, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    await promisify(execFile)(
      'stty',
      ['-F', tty, String(baud), 'raw', '-echo', 'cs8', '-parenb', '-cstopb', 'clocal'],
      {
        env: inherited(),
      },
    );
    // The stream opens the device once more for itself, so that this descriptor can be closed.
    return new ReadStream(file.fd);
  } catch (error) {
    throw codeOf(error) === 'ENOENT'
      ? systemError('ENOENT', 'spawn', 'stty')
      : systemError('ENOTTY', 'stty', tty, { cause: error });
  } finally {
    await file.close();
  }
}
