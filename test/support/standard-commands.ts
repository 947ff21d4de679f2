/**
 * The commands of IPMI 2.0 appendix G and of DCMI 1.5, by network function: number and least privilege. c
 * callback, u user, o operator, a administrator, p also without a session, s system interface only, l local
 * interfaces only, y as the payload says, ? not said.
 */
export const standardCommands: readonly {
  readonly netFn: number;
  readonly body?: number;
  readonly commands: string;
}[] = [
  { netFn: 0x00, commands: '00u 01u 02o 03o 04o 0aa 05a 06o 0ba 07u 08o 09o 0fu' },
  {
    netFn: 0x04,
    commands:
      '00a 01u 02o 10u 11a 12a 13o 14a 15a 16a 17p 20l 21l 22l 23u 24o 25u 26o 27u 28o 29u 2ao 2bu 2du 2eo 2fu 30o',
  },
  {
    netFn: 0x06,
    commands:
      '01u 02a 03a 04u 05a 06a 07u 08u 09u 0au 0bu 0cu 0du 60a 61u 62a 63u 64u 22o 24o 25u 2es 2fu 30s 31s 32s 33s 34u 35s 36u 37p 58a 59u 38p 39p 3ap 3bu 3cc 3du 3fo 40a 41u 42u 43a 44o 45a 46o 47a 48y 49y 4au 4bu 4ca 4do 4eu 4fu 50u 52o 54p 55u 56a 57u',
  },
  {
    netFn: 0x0a,
    commands:
      '10u 11u 12o 20u 21u 22u 23u 24o 25o 26o 27o 28u 29o 2ao 2bo 2co 40u 41u 42u 43u 44o 45o 46o 47o 48u 49o 5au 5ba 5cu 5do',
  },
  {
    netFn: 0x0c,
    commands:
      '01a 02o 03a 04u 10a 11o 12o 13u 14s 15s 16s 17s 18y 19c 1aa 1bu 1ca 20y 21a 22u 30? 31a 32u 33a',
  },
  { netFn: 0x2c, body: 0xdc, commands: '01p 02u 03u 04o 05o 06u 07o 08o 09u 0aa 0bo 0cu 10u 12a 13u' },
];
