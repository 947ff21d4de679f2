/** What `ipmi-bmc init` writes. A test loads it, so that it cannot go stale. */
export const sample = `# yaml-language-server: $schema=bmc.schema.json
# With the schema (ipmi-bmc schema > bmc.schema.json) editors complete and check the keys; docs/config.md has them all.
# A BMC. Everything may be left out; 'ipmi-bmc check FILE' says what is wrong with it.
name: server-1
labels: { rack: '7' }           # by which it is found among many: docs/control.md

identity:
  manufacturerId: 0x1291        # IANA enterprise number, as 'mc info' shows it
  productId: 0xf02
  firmware: '2.04'              # with auxiliary bytes, which some clients want: '2.04 00000000'
  # deviceGuid and systemGuid are made at random where they are not given

interfaces:
  - type: lan
    channel: 1
    listen: 127.0.0.1:9623      # port 0: the system chooses
    cipherSuites: [3, 17]       # suite 0 logs in anyone who knows a user name: leave it out
    authTypes: [md5, md2]       # of IPMI 1.5
    # kg: 'a second key'        # two-key log-in (K_g)
    # address, netmask, gateway, mac: what 'lan print' shows; default: what it listens on, and a MAC of the BMC's own
  # - { type: vm, interface: kcs, listen: ./server-1.sock }   # a virtual machine behind it: docs/vm.md
  # - { type: serial, tty: /dev/ttyS1, baud: 115200 }         # basic and terminal mode: docs/serial.md
  # - { type: kcs, device: /dev/ipmi-kcs3 }                   # also bt, ssif: the host of a real BMC: docs/host-interfaces.md
  # - { type: ipmb, listen: ./ipmb0.sock }                    # a bus to other controllers: docs/ipmb-socket.md
  # - { type: icmb, bus: rack }                               # a bus to other chassis: docs/bridging.md

users:                          # user 1 is the null user and stays off
  - { id: 2, name: admin, password: change-me-soon, privilege: administrator }
  - { id: 3, name: monitor, password: change-me-too, privilege: user }

sensors:
  - name: CPU Temp
    number: 1
    entity: '3.1'               # processor 1; in quotes, or 3.10 would be 3.1
    type: temperature
    unit: degrees C
    range: [0, 127]
    value: { base: 46, swing: 6, period: 300 }
    thresholds: { unc: 85, uc: 95, unr: 105 }
    hysteresis: 2
  - name: FAN1
    number: 2
    entity: '29.1'
    type: fan
    unit: RPM
    range: [0, 25500]
    value: { base: 5400, swing: 200, period: 120 }
    thresholds: { lnr: 500, lc: 800, lnc: 1200 }
  - name: PSU1 Status
    number: 3
    entity: '10.1'
    type: power supply
    states: [0]                 # presence detected

fru:
  - id: 0
    name: Builtin FRU
    chassis: { type: 23, partNumber: CH-1000, serial: CHS0001 }
    board: { manufacturer: Example, product: Main Board, serial: BRD0001, partNumber: MB-1000, date: 2026-01-15 }
    product: { manufacturer: Example, name: Server One, serial: SRV0001, version: '1.0', partNumber: S-1 }

sel:                            # the event log
  capacity: 1000
  # file: server.sel            # a history to begin with: docs/history.md
  # entries: [{ time: '2026-01-15T12:00', sensor: CPU Temp, event: upper critical going high, reading: 97 }]
  # clearEvent: true            # 'log area cleared' after a clear

chassis:
  power: on
  restorePolicy: previous       # at each start of the BMC; or always-on, always-off
  # backend: { type: vm-protocol }   # what switches the machine; also qemu, libvirt, command, http: docs/vm.md

# From here on: sections with their defaults, or examples. Take the # away from those that you want.

# userSlots: 63                 # user ids 1..63
# sessions: { limit: 64, inactivity: 60 }   # log-ins at once; seconds until a silent one ends
# reset: { dark: 2 }            # seconds that a cold reset of the BMC takes
# sensorInterval: 2             # seconds between two looks at sensors that move
# sensorFeed: { listen: 127.0.0.1:9680 }    # values by HTTP: docs/sensors.md
# sdr: { file: server.sdr }     # sensors as 'ipmitool sdr dump server.sdr' wrote them

# pef:                          # filters, alerts and traps: docs/pef.md
#   destinations:
#     - { address: 192.0.2.99, acknowledged: true }

# firmware:                     # what can be updated over IPMI: docs/firmware-update.md
#   components:
#     - { id: 0, name: BMC, bmc: true }

# sol:                          # serial over LAN: a simulated console, or another one: docs/sol.md
#   console: { type: socket, connect: /run/vm/console.sock }

# firewall:                     # which commands a channel may use, beyond privilege
#   - { channel: host, restrict: read-only }

# faults:                       # a BMC that misbehaves on purpose: docs/faults.md
#   rules:
#     - { id: busy, when: { command: get-sdr }, then: { complete: C0h }, times: 20 }
# clock: { speed: 60 }          # its time goes faster than ours, or stands until it is moved (virtual)

# satellites:                   # more controllers on the IPMB: docs/bridging.md
#   - { address: 0x82, name: CARRIER, sensors: [{ name: Carrier Temp, entity: '11.1', type: temperature, unit: degrees C, value: 31 }] }

# sockets:                      # handlers in other processes: docs/handler-socket.md
#   handlers: { path: /run/bmc/handlers.sock, mode: 0o660 }

# state:                        # keeps what clients change: docs/durability.md
#   directory: ./state

# sleepAfter: 300               # seconds without a request after which a BMC sleeps; never: docs/sleeping.md

# control:                      # who may steer the process while it runs: docs/control.md
#   socket: ./control.sock
#   listen: 127.0.0.1:8623      # TCP too, for those who have a token: lines NAME ROLE TOKEN
#   tokens: ./tokens

# console:                      # a web console, in a browser: docs/console.md
#   listen: 127.0.0.1:8443

# audit:                        # who changed what, a JSON line each: docs/audit.md
#   file: ./audit.jsonl

# metrics:                      # numbers for Prometheus, to whoever asks: docs/metrics.md
#   listen: 127.0.0.1:9290

# cluster:                      # a host of a cluster, in place of all of the above: docs/cluster.md
#   servers: ['nats://127.0.0.1:4222']

# bmcs:                         # many BMCs of one file, in place of all of the above but state, control, console, audit and metrics
#   - { count: 3, name: 'node-{n}', interfaces: [{ type: lan, listen: '127.0.0.1:{9700+n}', mac: '02:00:00:00:00:{n:02x}' }] }
#   - { count: { from: 1, to: 40 }, name: 'rack-{n:02}', interfaces: [{ type: lan, listen: '127.0.0.1:{9800+n}' }] }
`;
