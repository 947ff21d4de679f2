#!/bin/sh
# An OEM command in shell: the machine's load average, over the handler socket of a running BMC.
#
#     ipmi-bmc run --lan 127.0.0.1:9623 --handler-socket /tmp/handlers.sock &
#     ipmi-bmc worker /tmp/handlers.sock -- ./handler.sh
#     ipmitool -I lanplus ... raw 0x2e 0x10 0xef 0xcd 0xab       # 1 minute load in hundredths, low byte first
#
# `ipmi-bmc worker` joins the socket to standard input and output; a line is one JSON object (docs/handler-socket.md).
set -eu

say() { printf '%s\n' "$1"; }
# The number behind a key of the line that was read.
number() { printf '%s' "$line" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }

say '{"type":"hello","protocol":1}'
say '{"type":"register","id":1,"owner":"acme-load","handlers":[{"netFn":46,"body":11259375,"cmd":16,"name":"Acme Get Load","privilege":"user"}]}'

while read -r line; do
  case $line in
    *'"type":"request"'*)
      load=$(cut -d' ' -f1 "${LOADAVG:-/proc/loadavg}" | tr -d .)
      # A leading zero would make it octal.
      load=$(printf '%s' "$load" | sed 's/^0*\(.\)/\1/')
      data=$(printf '%02x%02x' $((load % 256)) $((load / 256 % 256)))
      say "{\"type\":\"answer\",\"token\":$(number token),\"cc\":0,\"data\":\"$data\"}" ;;
    *'"type":"ping"'*) say "{\"type\":\"pong\",\"id\":$(number id)}" ;;
    *'"type":"refused"'*) printf '%s\n' "$line" >&2; exit 1 ;;
  esac
done
