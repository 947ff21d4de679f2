#!/bin/sh
# The ten scenarios of test/kits.test.ts for a shell, each by itself: kits.sh 1
set -e
case $1 in
  1) exec ipmi-bmc with --no-pcap --options '[{"power":"off"}]' -- sh -ec '
       ipmitool $IPMI_ARGS power on
       ipmi-bmc expect request chassis-control action=on --user "$IPMI_USER" | grep "power up"
       ipmi-bmc power | grep "is on"' ;;
  2) exec ipmi-bmc with --no-pcap -- sh -ec '
       ipmitool $IPMI_ARGS power cycle
       ipmi-bmc expect request chassis-control action=cycle
       ipmi-bmc expect nothing-else' ;;
  3) exec ipmi-bmc with --no-pcap -- sh -ec '
       ipmitool $IPMI_ARGS power reset
       if ipmi-bmc expect request chassis-control action=cycle --within 100ms 2> said; then exit 1; fi
       grep "action is 3 (hard reset), expected cycle" said' ;;
  4) exec ipmi-bmc with --no-pcap -- sh -ec '
       ipmitool $IPMI_ARGS chassis bootdev pxe
       ipmi-bmc expect request set-system-boot-options parameter=5' ;;
  5) exec ipmi-bmc with --no-pcap -- sh -ec '
       if ipmitool ${IPMI_ARGS}x mc info 2> said; then exit 1; fi
       grep -i establish said' ;;
  6) exec ipmi-bmc with --no-pcap --options '[{"sensors":{"CPU1 Temp":47}}]' -- sh -ec '
       curl --fail-with-body -sS --unix-socket "$IPMI_BMC_SOCKET" -X PUT -H "Content-Type: application/json" \
         -d "{\"value\":97}" http://localhost/v1/bmcs/bmc/sensors/CPU1%20Temp
       ipmi-bmc expect entry sensor="CPU1 Temp" event="upper critical going high"
       ipmitool $IPMI_ARGS sel elist | grep "Upper Critical going high"' ;;
  7) exec ipmi-bmc with --no-pcap -- sh -ec '
       control() { curl --fail-with-body -sS --unix-socket "$IPMI_BMC_SOCKET" -H "Content-Type: application/json" "$@"; }
       control -X POST -d "{\"id\":\"busy\",\"when\":{\"command\":\"get-chassis-status\"},\"then\":{\"complete\":\"C0h\"}}" \
         http://localhost/v1/bmcs/bmc/faults
       if ipmitool $IPMI_ARGS power status 2> said; then exit 1; fi
       grep -i busy said
       ipmi-bmc expect request get-chassis-status | grep "node busy"
       control -X DELETE http://localhost/v1/bmcs/bmc/faults/busy
       ipmitool $IPMI_ARGS power status | grep on' ;;
  8) exec ipmi-bmc with --no-pcap --options '[{"clock":"virtual","faults":[{"then":{"softOff":"ignored"}}]}]' -- sh -ec '
       ipmitool $IPMI_ARGS power soft
       curl --fail-with-body -sS --unix-socket "$IPMI_BMC_SOCKET" -X POST -H "Content-Type: application/json" \
         -d "{\"by\":\"10m\"}" http://localhost/v1/bmcs/bmc/clock/advance
       ipmi-bmc power | grep "is on"' ;;
  9) exec ipmi-bmc with --no-pcap --options '[{"sensors":{"CPU1 Temp":null}}]' -- sh -ec '
       ipmitool $IPMI_ARGS sdr list | grep -i "no reading"' ;;
  10) exec ipmi-bmc with --no-pcap -n 20 -- sh -ec '
       test "$(ipmi-bmc list --json | grep -c "\"power\": *\"on\"")" = 20 || ipmi-bmc list | grep -c " on "
       ipmi-bmc power bmc-7 off
       ipmi-bmc power bmc-7 | grep "is off"' ;;
esac
