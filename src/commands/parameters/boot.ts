import { bit, bits, byte, rest, timestamp, u32, u8 } from '../../codec/index.ts';
import { parameterSet, parametersOf } from './parameter.ts';

const boot = parametersOf('boot');

/** Bits of parameter 4: BIOS, OS loader, OS or service partition, SMS, OEM. */
const INITIATORS = 0x1f;
/** Sets of the mailbox. */
const MAILBOX_SETS = 256;

/** Boot options, IPMI 2.0 §28.13 table 28-14. */
export const BootParameter = {
  SetInProgress: boot({
    selector: 0,
    name: 'Set In Progress',
    reserved: 'dropped',
    layout: byte({ state: bits(1, 0) }),
  }),
  ServicePartitionSelector: boot({
    selector: 1,
    name: 'Service Partition Selector',
    layout: { partition: u8 },
  }),
  ServicePartitionScan: boot({
    selector: 2,
    name: 'Service Partition Scan',
    layout: byte({ scan: bit(1), discovered: bit(0) }),
  }),
  /** What does not clear the valid bit. */
  ValidBitClearing: boot({
    selector: 3,
    name: 'BMC Boot Flag Valid Bit Clearing',
    layout: byte({
      pef: bit(4),
      timeout: bit(3),
      watchdog: bit(2),
      resetButton: bit(1),
      powerButton: bit(0),
    }),
  }),
  InfoAcknowledge: boot({
    selector: 4,
    name: 'Boot Info Acknowledge',
    layout: { writeMask: u8, acknowledged: u8 },
    initial: { acknowledged: INITIATORS },
  }),
  BootFlags: boot({
    selector: 5,
    name: 'Boot Flags',
    reserved: 'dropped',
    layout: {
      ...byte({ valid: bit(7), persistent: bit(6), efi: bit(5) }),
      /** `device`: 0 no override, 1 PXE, 2 disk, 5 CD/DVD, 6 BIOS setup, Fh floppy (table 28-14). */
      ...byte({
        cmosClear: bit(7),
        lockKeyboard: bit(6),
        device: bits(5, 2),
        screenBlank: bit(1),
        lockOutReset: bit(0),
      }),
      ...byte({
        lockOutPower: bit(7),
        verbosity: bits(6, 5),
        progressTraps: bit(4),
        bypassPassword: bit(3),
        lockOutSleep: bit(2),
        consoleRedirection: bits(1, 0),
      }),
      ...byte({ biosShared: bit(3), muxControl: bits(2, 0) }),
      ...byte({ deviceInstance: bits(4, 0) }),
    },
  }),
  /** Who set the flags. */
  InitiatorInfo: boot({
    selector: 6,
    name: 'Boot Initiator Info',
    layout: { ...byte({ channel: bits(3, 0) }), sessionId: u32, timestamp },
  }),
  InitiatorMailbox: boot({
    selector: 7,
    name: 'Boot Initiator Mailbox',
    sets: MAILBOX_SETS,
    padded: true,
    layout: { block: rest(0, 16) },
  }),
} as const;

export const bootParameters = parameterSet('IPMI 2.0 §28.13', BootParameter);
