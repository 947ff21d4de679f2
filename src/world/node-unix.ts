import { chmod, link, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { codeOf, systemError } from './system-error.ts';

/** sun_path, less its final NUL; libuv would cut longer names silently. */
const longestName = process.platform === 'linux' ? 107 : 103;

/**
 * Makes `server` listen at the Unix socket `path`; the result takes the name away again (and does not close
 * the server).
 *
 * Bound in a private directory, given its mode there, then linked into place: nobody can connect before the
 * mode is right, and linking fails if the name is taken, which makes the socket a lock that the kernel frees
 * when its process dies. A name whose owner is dead is taken over. Rejects with EADDRINUSE if the owner lives
 * or the file is no socket.
 */
export async function listenUnix(server: Server, path: string, mode?: number): Promise<() => Promise<void>> {
  const nursery = await mkdtemp(`${dirname(path)}/.`);
  try {
    const socket = join(nursery, 's');
    for (const name of [socket, path]) {
      if (Buffer.byteLength(name) > longestName) throw systemError('ENAMETOOLONG', 'listen', name);
    }
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, () => {
        server.off('error', reject);
        resolve();
      });
    });
    if (mode !== undefined) await chmod(socket, mode);
    const { ino } = await lstat(socket);
    await publish(socket, path, nursery);
    return () => withdraw(path, ino);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(nursery, { recursive: true, force: true });
  }
}

async function publish(socket: string, path: string, nursery: string): Promise<void> {
  for (let attempt = 0; attempt < 8; attempt++) {
    try {
      return await link(socket, path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    if (await isTaken(path)) break;
    const grave = join(nursery, `dead${attempt}`);
    try {
      await rename(path, grave);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') continue; // somebody else cleared it
      throw error;
    }
    if (!(await isTaken(grave))) continue;
    // Between our look and our grip another process took over: give it its name back.
    await link(grave, path);
    break;
  }
  throw systemError('EADDRINUSE', 'listen', path);
}

/**
 * Only the refusal of the kernel proves that nobody listens; every other failure (no permission, backlog
 * full) means a live owner.
 */
async function isTaken(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isSocket()) return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error) ?? '')));
  });
}

async function withdraw(path: string, ino: number): Promise<void> {
  try {
    if ((await lstat(path)).ino === ino) await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
