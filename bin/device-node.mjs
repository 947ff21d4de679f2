// One device node, in a process of its own: reading and writing a driver may block for as long as the host
// likes, and a read that blocks holds a thread of Node's pool and stops process.exit(). This process can be
// killed at any time instead.
//
// Frames on standard input and output: kind (one byte), length of the rest (four bytes, least significant
// first), the rest.
//   in   1 number, message to write          2 number, request of an ioctl without argument (four bytes each)
//   out  0 the node is open                  1 message that was read
//        2 what had that number is done: number, the error's code or nothing
//        3 the node is of no more use: the error's code
import { constants, openSync, read, write } from 'node:fs';

const [, , path] = process.argv;
/** More than any driver's message, so that none is cut. */
const buffer = Buffer.alloc(4096);
const AGAIN_AFTER = 10;
const OPENED = 0;
const MESSAGE = 1;
const DONE = 2;
const FAILED = 3;
const WRITE = 1;

function say(kind, rest = '') {
  const body = Buffer.from(rest);
  const head = Buffer.alloc(5);
  head[0] = kind;
  head.writeUInt32LE(body.length, 1);
  process.stdout.write(Buffer.concat([head, body]));
}

/** Not process.exit(): that waits for the read which does not come back. */
const end = () => process.kill(process.pid, 'SIGKILL');

let fd;
try {
  fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  say(OPENED);
  listen();
} catch (error) {
  say(FAILED, error.code);
  end();
}

/** One read is one message. */
function listen() {
  read(fd, buffer, 0, buffer.length, null, (error, length) => {
    // A host that gave up while we were woken, a flag that went: nothing was there after all.
    if (error && ['EAGAIN', 'EINTR', 'EIO'].includes(error.code)) return setTimeout(listen, AGAIN_AFTER);
    if (error || length === 0) {
      say(FAILED, error?.code ?? 'EPIPE');
      return end();
    }
    say(MESSAGE, buffer.subarray(0, length));
    return listen();
  });
}

/** Made when first asked for; koffi is an optional package. */
let ioctl;
async function control(request) {
  try {
    ioctl ??= await import('koffi').then(({ default: koffi }) => {
      const call = koffi.load(null).func('int ioctl(int fd, unsigned long request, ...)');
      const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
      return (number) => (call(fd, number, 'int', 0) < 0 ? (names.get(koffi.errno()) ?? 'EIO') : '');
    });
  } catch {
    return 'ENOSYS';
  }
  return ioctl(request);
}

/** One write is one message. */
const put = (message) => new Promise((resolve) => void write(fd, message, 0, message.length, null, (error) => resolve(error?.code ?? '')));

let writes = Promise.resolve();
let rest = Buffer.alloc(0);
process.stdin.on('data', (data) => {
  rest = Buffer.concat([rest, data]);
  while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32LE(1)) {
    const kind = rest[0];
    const body = Buffer.from(rest.subarray(5, 5 + rest.readUInt32LE(1)));
    rest = rest.subarray(5 + body.length);
    const payload = body.subarray(4);
    const done = (code) => say(DONE, Buffer.concat([body.subarray(0, 4), Buffer.from(code)]));
    // A write may wait for the host; attention must not wait for the write.
    if (kind === WRITE) writes = writes.then(() => put(payload)).then(done);
    else void control(payload.readUInt32LE(0)).then(done);
  }
});
process.stdin.on('close', end);
