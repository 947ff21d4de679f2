import { bit, bits, byte, bytes, fromLatin1, ipv4, rest, text, u16, u8 } from '../../codec/index.ts';
import { parameterSet, parametersOf } from './parameter.ts';

const serial = parametersOf('serial');

const DESTINATIONS = 4;
const DIAL_STRINGS = 4;
const ADDRESSES = 4;
const TAP_ACCOUNTS = 2;
const PPP_ACCOUNTS = 2;
const STRING_BLOCKS = 3;
const ASSOCIATIONS = 1;

/** PPP UDP proxy: bytes of either buffer (parameters 46, 47). */
export const PROXY_BUFFER = 512;

const block = { text: rest(1, 16) };
/** 6..10: 9600, 19200, 38400, 57600, 115200. */
const bitRate = byte({ bitRate: bits(3, 0) });
const accounts = (sets: number) => ({ sets: sets + 1, volatileSet: true }) as const;

/** Serial/modem configuration parameters, IPMI 2.0 §25.2 table 25-4. */
export const SerialParameter = {
  SetInProgress: serial({ selector: 0, name: 'Set In Progress', layout: byte({ state: bits(1, 0) }) }),
  // Kept with the channel: see the handler.
  AuthTypeSupport: serial({
    selector: 1,
    name: 'Authentication Type Support',
    access: 'read-only',
    layout: byte({ oem: bit(5), password: bit(4), md5: bit(2), md2: bit(1), none: bit(0) }),
  }),
  AuthTypeEnables: serial({
    selector: 2,
    name: 'Authentication Type Enables',
    layout: { callback: u8, user: u8, operator: u8, administrator: u8, oem: u8 },
  }),
  // PPP is not served: nothing here could be its other end.
  ConnectionMode: serial({
    selector: 3,
    name: 'Connection Mode',
    reserved: 'refused',
    layout: byte({ direct: bit(7), terminal: bit(2), basic: bit(0) }),
  }),
  /** In 30 s; 0: never. */
  Inactivity: serial({
    selector: 4,
    name: 'Session Inactivity Timeout',
    reserved: 'refused',
    layout: byte({ timeout: bits(3, 0) }),
    initial: { timeout: 10 },
  }),
  CallbackControl: serial({
    selector: 5,
    name: 'Channel Callback Control',
    reserved: 'refused',
    layout: {
      ...byte({ ipmiCallback: bit(0) }),
      ...byte({ fromList: bit(3), userSpecifiable: bit(2), preSpecified: bit(1), noCallback: bit(0) }),
      destination1: u8,
      destination2: u8,
      destination3: u8,
    },
    initial: { destination1: 0xff, destination2: 0xff, destination3: 0xff },
  }),
  SessionTermination: serial({
    selector: 6,
    name: 'Session Termination',
    reserved: 'refused',
    layout: byte({ onInactivity: bit(1), onCarrierLoss: bit(0) }),
    initial: { onInactivity: true, onCarrierLoss: true },
  }),
  CommSettings: serial({
    selector: 7,
    name: 'IPMI Messaging Comm Settings',
    reserved: 'refused',
    layout: { ...byte({ flowControl: bits(7, 6), dtrHangUp: bit(5) }), ...bitRate },
  }),
  MuxControl: serial({
    selector: 8,
    name: 'Mux Switch Control',
    layout: {
      ...byte({
        powerUpEscape: bit(6),
        resetEscape: bit(5),
        basicPattern: bit(4),
        escapeToSystem: bit(2),
        escapeToBmc: bit(1),
        carrier: bit(0),
      }),
      ...byte({ sharing: bit(3), pingInCallback: bit(2), ping: bit(1), acknowledge: bit(0) }),
    },
  }),
  RingTime: serial({
    selector: 9,
    name: 'Modem Ring Time',
    reserved: 'refused',
    layout: { ...byte({ ringDuration: bits(5, 0) }), ...byte({ deadTime: bits(3, 0) }) },
  }),
  InitString: serial({ selector: 10, name: 'Modem Init String', blocks: STRING_BLOCKS, layout: block }),
  EscapeSequence: serial({
    selector: 11,
    name: 'Modem Escape Sequence',
    layout: { text: rest(1, 5) },
    initial: { text: fromLatin1('+++') },
  }),
  HangUpString: serial({
    selector: 12,
    name: 'Modem Hang-up Sequence',
    layout: { text: rest(1, 8) },
    initial: { text: fromLatin1('ATH') },
  }),
  DialCommand: serial({
    selector: 13,
    name: 'Modem Dial Command',
    layout: { text: rest(1, 8) },
    initial: { text: fromLatin1('ATD') },
  }),
  PageBlackout: serial({ selector: 14, name: 'Page Blackout Interval', layout: { minutes: u8 } }),
  Community: serial({
    selector: 15,
    name: 'Community String',
    secret: true,
    layout: { community: text(18) },
    initial: { community: 'public' },
  }),
  DestinationCount: serial({
    selector: 16,
    name: 'Number of Alert Destinations',
    access: 'read-only',
    layout: { destinations: u8 },
    initial: { destinations: DESTINATIONS },
  }),
  DestinationInfo: serial({
    selector: 17,
    name: 'Destination Info',
    ...accounts(DESTINATIONS),
    reserved: 'refused',
    layout: {
      ...byte({ acknowledged: bit(7), kind: bits(3, 0) }),
      /** Seconds less one. */
      timeout: u8,
      ...byte({ callRetries: bits(6, 4), retries: bits(2, 0) }),
      /** What the kind needs: [7:4] a dial string, for basic mode callback. */
      specific: u8,
    },
    initial: { timeout: 4 },
  }),
  CallRetryInterval: serial({
    selector: 18,
    name: 'Call Retry Interval',
    layout: { seconds: u8 },
    initial: { seconds: 60 },
  }),
  DestinationCommSettings: serial({
    selector: 19,
    name: 'Destination Comm Settings',
    ...accounts(DESTINATIONS),
    reserved: 'refused',
    layout: {
      ...byte({ flowControl: bits(7, 6), stopBits: bit(4), sevenBits: bit(3), parity: bits(2, 0) }),
      ...bitRate,
    },
  }),
  DialStringCount: serial({
    selector: 20,
    name: 'Number of Dial Strings',
    access: 'read-only',
    layout: { dialStrings: u8 },
    initial: { dialStrings: DIAL_STRINGS },
  }),
  DialStrings: serial({
    selector: 21,
    name: 'Destination Dial Strings',
    ...accounts(DIAL_STRINGS),
    blocks: STRING_BLOCKS,
    layout: block,
  }),
  AddressCount: serial({
    selector: 22,
    name: 'Number of Alert Destination IP Addresses',
    access: 'read-only',
    layout: { addresses: u8 },
    initial: { addresses: ADDRESSES },
  }),
  DestinationAddress: serial({
    selector: 23,
    name: 'Destination IP Addresses',
    ...accounts(ADDRESSES),
    layout: { address: ipv4 },
  }),
  TapAccountCount: serial({
    selector: 24,
    name: 'Number of TAP Accounts',
    access: 'read-only',
    layout: { accounts: u8 },
    initial: { accounts: TAP_ACCOUNTS },
  }),
  TapAccount: serial({
    selector: 25,
    name: 'TAP Account',
    ...accounts(TAP_ACCOUNTS),
    layout: byte({ dialString: bits(7, 4), serviceSettings: bits(3, 0) }),
  }),
  TapPassword: serial({
    selector: 26,
    name: 'TAP Passwords',
    access: 'write-only',
    sets: TAP_ACCOUNTS + 1,
    layout: { password: rest(1, 6) },
  }),
  TapPagerId: serial({
    selector: 27,
    name: 'TAP Pager ID Strings',
    ...accounts(TAP_ACCOUNTS),
    layout: block,
  }),
  TapServiceSettings: serial({
    selector: 28,
    name: 'TAP Service Settings',
    ...accounts(TAP_ACCOUNTS),
    layout: { confirmation: u8, serviceType: bytes(3), escapeMask: bytes(4), timeouts: bytes(5) },
    initial: {
      serviceType: fromLatin1('PG1'),
      escapeMask: Uint8Array.of(0xff, 0xff, 0xff, 0xff),
      timeouts: Uint8Array.of(0x11, 0x34, 0x13, 0x33, 0x33),
    },
  }),
  // The volatile half and the operation bits are the channel's own business.
  TerminalMode: serial({
    selector: 29,
    name: 'Terminal Mode Configuration',
    reserved: 'refused',
    layout: {
      ...byte({ lineEditing: bit(5), deleteControl: bits(3, 2), echo: bit(1), handshake: bit(0) }),
      ...byte({ outputNewline: bits(7, 4), inputNewline: bits(3, 0) }),
    },
    initial: { lineEditing: true, deleteControl: 1, echo: true, outputNewline: 1, inputNewline: 1 },
  }),
  PppOptions: serial({
    selector: 30,
    name: 'PPP Protocol Options',
    reserved: 'refused',
    layout: {
      ...byte({ snoopControl: bits(2, 0) }),
      ...byte({ linkNegotiation: bits(5, 4), ipNegotiation: bits(2, 0) }),
      ...byte({ negotiated: bits(4, 0) }),
    },
  }),
  PppPrimaryPort: serial({
    selector: 31,
    name: 'PPP Primary RMCP Port Number',
    layout: { port: u16 },
    initial: { port: 623 },
  }),
  PppSecondaryPort: serial({
    selector: 32,
    name: 'PPP Secondary RMCP Port Number',
    layout: { port: u16 },
    initial: { port: 664 },
  }),
  PppAuthentication: serial({
    selector: 33,
    name: 'PPP Link Authentication',
    reserved: 'refused',
    layout: byte({ protocol: bits(3, 0) }),
  }),
  ChapName: serial({ selector: 34, name: 'CHAP Name', layout: { name: rest(1, 16) } }),
  PppAccm: serial({
    selector: 35,
    name: 'PPP ACCM',
    layout: { receive: bytes(4), transmit: bytes(4) },
    initial: {
      receive: Uint8Array.of(0xff, 0xff, 0xff, 0xff),
      transmit: Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    },
  }),
  PppSnoopAccm: serial({
    selector: 36,
    name: 'PPP Snoop ACCM',
    layout: { map: bytes(4) },
    initial: { map: Uint8Array.of(0xff, 0xff, 0xff, 0xff) },
  }),
  PppAccountCount: serial({
    selector: 37,
    name: 'Number of PPP Accounts',
    access: 'read-only',
    layout: { accounts: u8 },
    initial: { accounts: PPP_ACCOUNTS },
  }),
  PppAccountDialString: serial({
    selector: 38,
    name: 'PPP Account Dial String Selectors',
    ...accounts(PPP_ACCOUNTS),
    layout: { dialString: u8 },
  }),
  PppAccountAddress: serial({
    selector: 39,
    name: 'PPP Account IP Addresses',
    ...accounts(PPP_ACCOUNTS),
    layout: { address: ipv4 },
  }),
  PppAccountUser: serial({
    selector: 40,
    name: 'PPP Account User Names',
    ...accounts(PPP_ACCOUNTS),
    layout: block,
  }),
  PppAccountDomain: serial({
    selector: 41,
    name: 'PPP Account User Domains',
    ...accounts(PPP_ACCOUNTS),
    layout: block,
  }),
  PppAccountPassword: serial({
    selector: 42,
    name: 'PPP Account User Passwords',
    access: 'write-only',
    sets: PPP_ACCOUNTS + 1,
    layout: { password: rest(1, 16) },
  }),
  PppAccountAuthentication: serial({
    selector: 43,
    name: 'PPP Account Authentication Settings',
    ...accounts(PPP_ACCOUNTS),
    reserved: 'refused',
    layout: byte({ protocol: bits(3, 0) }),
  }),
  PppAccountHoldTime: serial({
    selector: 44,
    name: 'PPP Account Connection Hold Times',
    ...accounts(PPP_ACCOUNTS),
    layout: { minutes: u8 },
  }),
  ProxyHeader: serial({
    selector: 45,
    name: 'PPP UDP Proxy IP Header Data',
    layout: { source: ipv4, destination: ipv4 },
  }),
  ProxyTransmitSize: serial({
    selector: 46,
    name: 'PPP UDP Proxy Transmit Buffer Size',
    access: 'read-only',
    layout: { size: u16 },
    initial: { size: PROXY_BUFFER },
  }),
  ProxyReceiveSize: serial({
    selector: 47,
    name: 'PPP UDP Proxy Receive Buffer Size',
    access: 'read-only',
    layout: { size: u16 },
    initial: { size: PROXY_BUFFER },
  }),
  RemoteConsoleAddress: serial({
    selector: 48,
    name: 'PPP Remote Console IP Address',
    layout: { address: ipv4 },
  }),
  PhoneNumber: serial({ selector: 49, name: 'System Phone Number', blocks: STRING_BLOCKS, layout: block }),
  Associations: serial({
    selector: 50,
    name: 'Serial Port Associations',
    access: 'read-only',
    layout: { associations: u8 },
    initial: { associations: ASSOCIATIONS },
  }),
} as const;

export const serialParameters = parameterSet('IPMI 2.0 §25.2', SerialParameter);
