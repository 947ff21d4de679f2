import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A whole system in a boot sector: it counts the ticks of its timer (18 a second) from when it booted, and
 * writes each count to its serial port, as four hex digits and a line feed.
 */
const BOOT_SECTOR = [
  // xor ax,ax; ds = ss = ax; sp = 7C00h; xor bx,bx
  '31c0 8ed8 8ed0 bc007c 31db',
  // tick: sti; hlt; inc bx; cx = 4
  'fb f4 43 b90400',
  // digit: rol bx,4; al = bl & 0Fh, as a digit; call put; loop digit
  'c1c304 88d8 240f 0430 3c39 7602 0407 e80900 e2ec',
  // al = line feed; call put; jmp tick
  'b00a e80200 ebdf',
  // put: waits for the transmitter of 3F8h, and sends al
  '50 bafd03 ec a820 74fb 58 baf803 ee c3',
];

/** Writes the disk of such a guest. */
export function writeSmallGuest(path: string): void {
  const sector = Buffer.alloc(512);
  sector.write(BOOT_SECTOR.join('').replaceAll(' ', ''), 'hex');
  sector.writeUInt16LE(0xaa55, 510);
  writeFileSync(path, sector);
}

/** QEMU's words for a machine that boots it; the paths are relative to the folder of the BMC's file. */
export const smallGuest = (name: string): string =>
  [
    'qemu-system-x86_64 -M pc,accel=tcg -m 16 -nodefaults -display none',
    `-drive file=guest.img,format=raw,if=ide,readonly=off,snapshot=on`,
    `-serial unix:./${name}.tty,server=on,wait=off`,
    `-chardev socket,id=bmc,path=./${name}.bmc,reconnect=1`,
    '-device ipmi-bmc-extern,id=bmc0,chardev=bmc -device isa-ipmi-kcs,bmc=bmc0',
  ].join(' ');

/** Process ids of programs with this text in their command line, the oldest first. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(join('/proc', String(pid), 'cmdline'), 'utf8')
          .split('\0')
          .some((word) => word.includes(text));
      } catch {
        return false;
      }
    });
}
