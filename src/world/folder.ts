import { resolve } from 'node:path';
import type {
  Clock,
  Device,
  Devices,
  Files,
  Programs,
  RunOptions,
  StreamAddress,
  StreamNetwork,
  TtyAddress,
  UdpNetwork,
  World,
} from './world.ts';

/**
 * A world whose relative paths begin in a folder, whoever names them: sockets, terminals, device nodes,
 * files, and the working directory of programs. Settings are read in it, so that a file means the same
 * wherever its BMC is started.
 */
export function worldIn(folder: string, world: World): World {
  const at = (path: string): string => resolve(folder, path);
  const { files, stream, programs, devices, http } = world;
  return {
    ...world,
    files: filesAt(files, at),
    stream: streamsAt(stream, at),
    programs: programsAt(programs, at),
    devices: { open: (path): Promise<Device> => devices.open(at(path)) } satisfies Devices,
    http: {
      request: (url, options) => http.request(url, options),
      listen: (address, answer) => http.listen(addressAt(address, at), answer),
    },
  };
}

/** A world with another clock and other sockets; the rest of it is the given one's. */
export const worldWith = (
  { random, stream, files, programs, http, devices, network }: World,
  others: { readonly clock: Clock; readonly udp: UdpNetwork },
): World => {
  const { clock, udp } = others;
  // Named one by one, so that all of a fleet have one shape.
  return { clock, udp, random, stream, files, programs, http, devices, network };
};

type At = (path: string) => string;

const addressAt = <A extends StreamAddress | TtyAddress>(address: A, at: At): A => {
  if ('path' in address) return { ...address, path: at(address.path) };
  return 'tty' in address ? { ...address, tty: at(address.tty) } : address;
};

const streamsAt = (stream: StreamNetwork, at: At): StreamNetwork => ({
  listen: (address, accept) => stream.listen(addressAt(address, at), accept),
  connect: (address) => stream.connect(addressAt(address, at)),
});

function programsAt(programs: Programs, at: At): Programs {
  const options = <O extends RunOptions>(asked: O | undefined): O =>
    ({ ...asked, cwd: at(asked?.cwd ?? '.') }) as O;
  return {
    run: (command, args, asked) => programs.run(command, args, options(asked)),
    start: (command, args, asked) => {
      const { outlives } = asked ?? {};
      const there = options(asked);
      return programs.start(
        command,
        args,
        outlives === undefined ? there : { ...there, outlives: at(outlives) },
      );
    },
  };
}

const filesAt = (files: Files, at: At): Files => ({
  read: (path) => files.read(at(path)),
  write: (path, data, options) => files.write(at(path), data, options),
  open: (path, how, mode) => files.open(at(path), how, mode),
  rename: (from, to) => files.rename(at(from), at(to)),
  remove: (path) => files.remove(at(path)),
  list: (directory) => files.list(at(directory)),
  mkdir: (directory, mode) => files.mkdir(at(directory), mode),
  syncDir: (directory) => files.syncDir(at(directory)),
  stat: (path) => files.stat(at(path)),
  access: (path) => files.access(at(path)),
  lock: (path) => files.lock(at(path)),
});
