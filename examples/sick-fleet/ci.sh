#!/bin/sh
# Does your monitor find what is wrong with a BMC? A job for a CI: it starts a fleet, some of it sick, asks your monitor
# (in place of `finding`), and ends with 1 where a finding is another one. Needs Node, ipmitool and curl. Copy it with
# fleet.yaml.
#   sh examples/sick-fleet/ci.sh
set -eu
here=$(dirname "$0")
folder=$(mktemp -d)
${IPMI_BMC:-npx ipmi-bmc} run "$here/fleet.yaml" --control "$folder/control.sock" --ready-file "$folder/ready" \
  2>"$folder/log" >"$folder/out" &
fleet=$!
trap 'kill $fleet 2>/dev/null; wait $fleet 2>/dev/null || true; rm -r "$folder"' EXIT
tries=0
until [ -e "$folder/ready" ]; do
  tries=$((tries + 1))
  if [ $tries -gt 300 ] || ! kill -0 $fleet 2>/dev/null; then
    cat "$folder/out" "$folder/log" >&2
    exit 1
  fi
  sleep 0.1
done

control() { # METHOD PATH [JSON]
  curl --fail-with-body -sS -o /dev/null --unix-socket "$folder/control.sock" -X "$1" \
    -H 'Content-Type: application/json' ${3:+-d "$3"} "http://localhost/v1/bmcs/$2"
}

finding() { # PORT: your monitor
  ask="ipmitool -I lanplus -H 127.0.0.1 -p $1 -U admin -P secret-enough -C 17 -N 1 -R 1"
  $ask power status >"$folder/said" 2>&1 || { echo 'no session to be had'; return; }
  case $($ask mc selftest 2>&1) in
    *'fatal error'*) echo 'hardware fault' ;;
    *passed*) echo well ;;
    *) echo 'does not answer all of it' ;;
  esac
}

failed=0
expect() { # PORT NAME FINDING
  found=$(finding "$1")
  echo "$2: $found"
  if [ "$found" != "$3" ]; then
    echo "$2: expected $3" >&2
    failed=1
  fi
}

expect 9641 well well
expect 9642 full 'no session to be had'
expect 9643 dying 'hardware fault'

# Sick while it runs, and well again.
control POST well/faults '{"id":"busy","when":{"command":"get-self-test-results"},"then":{"complete":"C0h"}}'
expect 9641 well 'does not answer all of it'
control DELETE well/faults/busy
expect 9641 well well
control DELETE full/faults
expect 9642 full well
exit $failed
