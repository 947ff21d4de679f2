import { writeFileSync } from 'node:fs';

/**
 * A whole system in a boot sector: it answers each character that comes by its serial port with one of the other case.
 */
const BOOT_SECTOR = [
  // xor ax,ax; ds = ss = ax; sp = 7C00h
  '31c0 8ed8 8ed0 bc007c',
  // get: waits for a character at 3F8h, and turns its case
  'bafd03 ec a801 74fb baf803 ec 3420 50',
  // put: waits for the transmitter, and sends it; jmp get
  'bafd03 ec a820 74fb 58 baf803 ee ebe2',
];

/** Writes the disk of such a guest. */
export function writeEchoGuest(path: string): void {
  const sector = Buffer.alloc(512);
  sector.write(BOOT_SECTOR.join('').replaceAll(' ', ''), 'hex');
  sector.writeUInt16LE(0xaa55, 510);
  writeFileSync(path, sector);
}

/** QEMU's words for a machine that boots it; the paths are relative to the folder of the BMC's file. */
export const echoGuest = (name: string): string =>
  [
    'qemu-system-x86_64 -M pc,accel=tcg -m 16 -nodefaults -display none',
    `-drive file=echo.img,format=raw,if=ide,readonly=off,snapshot=on`,
    `-serial unix:./${name}.tty,server=on,wait=off`,
    `-chardev socket,id=bmc,path=./${name}.bmc,reconnect=1`,
    '-device ipmi-bmc-extern,id=bmc0,chardev=bmc -device isa-ipmi-kcs,bmc=bmc0',
  ].join(' ');
