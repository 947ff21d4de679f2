import {
  bit,
  bits,
  byte,
  bytes,
  ipv4,
  ipv6,
  mac,
  pad,
  rest,
  text,
  u16,
  u8,
  upTo,
  word,
} from '../../codec/index.ts';
import { parameterSet, parametersOf } from './parameter.ts';

const lan = parametersOf('LAN');

/** Alert destinations that are kept, besides the volatile destination 0. */
export const LAN_DESTINATIONS = 4;
const ALERT_SETS = LAN_DESTINATIONS + 1;
const STATIC_IPV6 = 2;
const DYNAMIC_IPV6 = 2;
/** Timing of DHCPv6 and of neighbour discovery can be set for the whole BMC. */
const TIMING_SUPPORT = 1;

/** Where an IPv6 address stands. */
export const Ipv6Status = { Active: 0, Disabled: 1 } as const;

/** A mask of authentication types for each level: none bit 0, MD2 1, MD5 2, password 4, OEM 5. */
const authTypes = { callback: u8, user: u8, operator: u8, administrator: u8, oem: u8 };
/** `source`: 0 static, 1 SLAAC, 2 DHCPv6. */
const ipv6Address = {
  ...byte({ enabled: bit(7), source: bits(3, 0) }),
  address: ipv6,
  prefixLength: u8,
  status: u8,
};
/** A nibble for each suite in the order of parameter 23, with its highest privilege level. */
const suiteLevels = {
  ...byte({ suite2: bits(7, 4), suite1: bits(3, 0) }),
  ...byte({ suite4: bits(7, 4), suite3: bits(3, 0) }),
  ...byte({ suite6: bits(7, 4), suite5: bits(3, 0) }),
  ...byte({ suite8: bits(7, 4), suite7: bits(3, 0) }),
  ...byte({ suite10: bits(7, 4), suite9: bits(3, 0) }),
  ...byte({ suite12: bits(7, 4), suite11: bits(3, 0) }),
  ...byte({ suite14: bits(7, 4), suite13: bits(3, 0) }),
  ...byte({ suite16: bits(7, 4), suite15: bits(3, 0) }),
};
const duid = { block: bytes(16) };

/** LAN configuration parameters, IPMI 2.0 §23.2 table 23-4; 50 and up: IPv6 of errata 7. */
export const LanParameter = {
  SetInProgress: lan({ selector: 0, name: 'Set In Progress', layout: byte({ state: bits(1, 0) }) }),
  AuthTypeSupport: lan({
    selector: 1,
    name: 'Authentication Type Support',
    access: 'read-only',
    layout: byte({ oem: bit(5), password: bit(4), md5: bit(2), md2: bit(1), none: bit(0) }),
  }),
  AuthTypeEnables: lan({ selector: 2, name: 'Authentication Type Enables', layout: authTypes }),
  Address: lan({ selector: 3, name: 'IP Address', layout: { address: ipv4 }, setting: 'address' }),
  /** 0 unspecified, 1 static, 2 DHCP, 3 by BIOS or system software, 4 another way. */
  AddressSource: lan({
    selector: 4,
    name: 'IP Address Source',
    layout: { source: upTo(4) },
    initial: { source: 1 },
  }),
  MacAddress: lan({ selector: 5, name: 'MAC Address', layout: { mac }, setting: 'mac' }),
  SubnetMask: lan({ selector: 6, name: 'Subnet Mask', layout: { netmask: ipv4 }, setting: 'netmask' }),
  HeaderParameters: lan({
    selector: 7,
    name: 'IPv4 Header Parameters',
    layout: {
      timeToLive: u8,
      ...byte({ flags: bits(7, 5) }),
      ...byte({ precedence: bits(7, 5), typeOfService: bits(4, 1) }),
    },
    initial: { timeToLive: 64, flags: 2, typeOfService: 8 },
  }),
  PrimaryPort: lan({
    selector: 8,
    name: 'Primary RMCP Port Number',
    layout: { port: u16 },
    initial: { port: 623 },
  }),
  SecondaryPort: lan({
    selector: 9,
    name: 'Secondary RMCP Port Number',
    layout: { port: u16 },
    initial: { port: 664 },
  }),
  ArpControl: lan({
    selector: 10,
    name: 'BMC-generated ARP Control',
    layout: byte({ responses: bit(1), gratuitous: bit(0) }),
    initial: { responses: true },
  }),
  /** In 500 ms. */
  ArpInterval: lan({
    selector: 11,
    name: 'Gratuitous ARP Interval',
    layout: { interval: u8 },
    initial: { interval: 4 },
  }),
  Gateway: lan({
    selector: 12,
    name: 'Default Gateway Address',
    layout: { gateway: ipv4 },
    setting: 'gateway',
  }),
  GatewayMac: lan({ selector: 13, name: 'Default Gateway MAC Address', layout: { mac } }),
  BackupGateway: lan({ selector: 14, name: 'Backup Gateway Address', layout: { gateway: ipv4 } }),
  BackupGatewayMac: lan({ selector: 15, name: 'Backup Gateway MAC Address', layout: { mac } }),
  Community: lan({
    selector: 16,
    name: 'Community String',
    secret: true,
    layout: { community: text(18) },
    initial: { community: 'public' },
    setting: 'community',
  }),
  DestinationCount: lan({
    selector: 17,
    name: 'Number of Destinations',
    access: 'read-only',
    layout: { destinations: u8 },
    initial: { destinations: LAN_DESTINATIONS },
  }),
  DestinationType: lan({
    selector: 18,
    name: 'Destination Type',
    sets: ALERT_SETS,
    volatileSet: true,
    layout: {
      /** `kind`: 0 PET trap, 6 and 7 OEM. */
      ...byte({ acknowledged: bit(7), kind: bits(2, 0) }),
      /** Seconds less one: to wait for an acknowledgement, or between two repetitions. */
      timeout: u8,
      ...byte({ retries: bits(2, 0) }),
    },
    // 3 s between repetitions, as table 23-4 recommends.
    initial: { timeout: 2, retries: 3 },
  }),
  DestinationAddress: lan({
    selector: 19,
    name: 'Destination Addresses',
    sets: ALERT_SETS,
    volatileSet: true,
    layout: { ...byte({ format: bits(7, 4) }), ...byte({ backupGateway: bit(0) }), address: ipv4, mac },
  }),
  VlanId: lan({
    selector: 20,
    name: '802.1q VLAN ID',
    layout: word({ enabled: bit(15), vlan: bits(11, 0) }),
  }),
  VlanPriority: lan({ selector: 21, name: '802.1q VLAN Priority', layout: { priority: upTo(7) } }),
  CipherSuiteCount: lan({
    selector: 22,
    name: 'RMCP+ Messaging Cipher Suite Entry Support',
    access: 'read-only',
    layout: { suites: u8 },
  }),
  CipherSuites: lan({
    selector: 23,
    name: 'RMCP+ Messaging Cipher Suite Entries',
    access: 'read-only',
    layout: { reserved: pad(1), suites: rest(0, 16) },
  }),
  SuiteCaps: lan({
    selector: 24,
    name: 'RMCP+ Messaging Cipher Suite Privilege Levels',
    layout: { reserved: pad(1), ...suiteLevels },
  }),
  DestinationVlan: lan({
    selector: 25,
    name: 'Destination Address VLAN TAGs',
    sets: ALERT_SETS,
    layout: {
      ...byte({ format: bits(7, 4) }),
      ...word({ priority: bits(15, 13), canonical: bit(12), vlan: bits(11, 0) }),
    },
  }),
  /** Intervals in tens of seconds. */
  BadPassword: lan({
    selector: 26,
    name: 'Bad Password Threshold',
    layout: { ...byte({ event: bit(0) }), threshold: u8, forgetAfter: u16, lockOut: u16 },
  }),
  Ipv6Support: lan({
    selector: 50,
    name: 'IPv6 and IPv4 Support',
    access: 'read-only',
    layout: byte({ alerting: bit(2), both: bit(1), ipv6Only: bit(0) }),
    initial: { alerting: true, both: true, ipv6Only: true },
  }),
  /** 0 IPv4 only, 1 IPv6 only, 2 both. */
  Ipv6Enables: lan({ selector: 51, name: 'IPv6 and IPv4 Addressing Enables', layout: { enables: upTo(2) } }),
  Ipv6TrafficClass: lan({
    selector: 52,
    name: 'IPv6 Header Static Traffic Class',
    layout: { trafficClass: u8 },
  }),
  Ipv6HopLimit: lan({
    selector: 53,
    name: 'IPv6 Header Static Hop Limit',
    layout: { hopLimit: u8 },
    initial: { hopLimit: 64 },
  }),
  Ipv6FlowLabel: lan({ selector: 54, name: 'IPv6 Header Flow Label', layout: { flowLabel: bytes(3) } }),
  Ipv6Status: lan({
    selector: 55,
    name: 'IPv6 Status',
    access: 'read-only',
    layout: { staticAddresses: u8, dynamicAddresses: u8, ...byte({ slaac: bit(1), dhcpv6: bit(0) }) },
    initial: { staticAddresses: STATIC_IPV6, dynamicAddresses: DYNAMIC_IPV6, slaac: true, dhcpv6: true },
  }),
  StaticIpv6: lan({
    selector: 56,
    name: 'IPv6 Static Addresses',
    sets: STATIC_IPV6,
    layout: ipv6Address,
    initial: { status: Ipv6Status.Disabled },
  }),
  StaticDuidBlocks: lan({
    selector: 57,
    name: 'IPv6 DHCPv6 Static DUID Storage Length',
    access: 'read-only',
    layout: { blocks: u8 },
    initial: { blocks: 1 },
  }),
  StaticDuid: lan({
    selector: 58,
    name: 'IPv6 DHCPv6 Static DUIDs',
    sets: 1,
    blocks: 1,
    firstBlock: 0,
    layout: duid,
  }),
  DynamicIpv6: lan({
    selector: 59,
    name: 'IPv6 Dynamic Address',
    access: 'read-only',
    sets: DYNAMIC_IPV6,
    layout: ipv6Address,
    initial: { status: Ipv6Status.Disabled },
  }),
  DynamicDuidBlocks: lan({
    selector: 60,
    name: 'IPv6 DHCPv6 Dynamic DUID Storage Length',
    access: 'read-only',
    layout: { blocks: u8 },
    initial: { blocks: 1 },
  }),
  DynamicDuid: lan({
    selector: 61,
    name: 'IPv6 DHCPv6 Dynamic DUIDs',
    sets: 1,
    blocks: 1,
    firstBlock: 0,
    layout: duid,
  }),
  Dhcpv6TimingSupport: lan({
    selector: 62,
    name: 'IPv6 DHCPv6 Timing Configuration Support',
    access: 'read-only',
    layout: { support: u8 },
    initial: { support: TIMING_SUPPORT },
  }),
  Dhcpv6Timing: lan({
    selector: 63,
    name: 'IPv6 DHCPv6 Timing Configuration',
    sets: 1,
    blocks: 2,
    firstBlock: 0,
    layout: { timing: bytes(16) },
  }),
  /** Bit 0: the static router, bit 1: dynamic ones. */
  RouterControl: lan({
    selector: 64,
    name: 'IPv6 Router Address Configuration Control',
    layout: { control: upTo(3) },
  }),
  Router1Address: lan({ selector: 65, name: 'IPv6 Static Router 1 IP Address', layout: { address: ipv6 } }),
  Router1Mac: lan({ selector: 66, name: 'IPv6 Static Router 1 MAC Address', layout: { mac } }),
  Router1PrefixLength: lan({
    selector: 67,
    name: 'IPv6 Static Router 1 Prefix Length',
    layout: { prefixLength: upTo(128) },
  }),
  Router1Prefix: lan({ selector: 68, name: 'IPv6 Static Router 1 Prefix Value', layout: { prefix: ipv6 } }),
  Router2Address: lan({ selector: 69, name: 'IPv6 Static Router 2 IP Address', layout: { address: ipv6 } }),
  Router2Mac: lan({ selector: 70, name: 'IPv6 Static Router 2 MAC Address', layout: { mac } }),
  Router2PrefixLength: lan({
    selector: 71,
    name: 'IPv6 Static Router 2 Prefix Length',
    layout: { prefixLength: upTo(128) },
  }),
  Router2Prefix: lan({ selector: 72, name: 'IPv6 Static Router 2 Prefix Value', layout: { prefix: ipv6 } }),
  DynamicRouters: lan({
    selector: 73,
    name: 'IPv6 Number of Dynamic Router Info Sets',
    access: 'read-only',
    layout: { routers: u8 },
  }),
  // No router was learnt: there is no set of these.
  DynamicRouterAddress: lan({
    selector: 74,
    name: 'IPv6 Dynamic Router Info IP Address',
    access: 'read-only',
    sets: 0,
    layout: { address: ipv6 },
  }),
  DynamicRouterMac: lan({
    selector: 75,
    name: 'IPv6 Dynamic Router Info MAC Address',
    access: 'read-only',
    sets: 0,
    layout: { mac },
  }),
  DynamicRouterPrefixLength: lan({
    selector: 76,
    name: 'IPv6 Dynamic Router Info Prefix Length',
    access: 'read-only',
    sets: 0,
    layout: { prefixLength: u8 },
  }),
  DynamicRouterPrefix: lan({
    selector: 77,
    name: 'IPv6 Dynamic Router Info Prefix Value',
    access: 'read-only',
    sets: 0,
    layout: { prefix: ipv6 },
  }),
  DynamicRouterHopLimit: lan({
    selector: 78,
    name: 'IPv6 Dynamic Router Received Hop Limit',
    access: 'read-only',
    layout: { hopLimit: u8 },
    initial: { hopLimit: 64 },
  }),
  NeighborTimingSupport: lan({
    selector: 79,
    name: 'IPv6 Neighbor Discovery/SLAAC Timing Configuration Support',
    access: 'read-only',
    layout: { support: u8 },
    initial: { support: TIMING_SUPPORT },
  }),
  NeighborTiming: lan({
    selector: 80,
    name: 'IPv6 Neighbor Discovery/SLAAC Timing Configuration',
    sets: 1,
    blocks: 1,
    firstBlock: 0,
    layout: { timing: bytes(16) },
  }),
} as const;

export const lanParameters = parameterSet('IPMI 2.0 §23.2', LanParameter);
