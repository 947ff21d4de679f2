#!/bin/sh
# The ten scenarios of test/kits.test.ts for a shell, each by itself: kits.sh 1
set -e

# Twenty of them, each other one off.
each_other_off() {
  printf '[{}'
  for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
    if [ $((n % 2)) = 1 ]; then printf ',{"power":"off"}'; else printf ',{}'; fi
  done
  printf ']'
}

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
       ipmi-bmc expect request set-system-boot-options parameter=5 set.device=1' ;;
  5) exec ipmi-bmc with --no-pcap -- sh -ec '
       if ipmitool ${IPMI_ARGS}x mc info 2> said; then exit 1; fi
       grep -i establish said' ;;
  6) exec ipmi-bmc with --no-pcap --options '[{"sensors":{"CPU1 Temp":47}}]' -- sh -ec '
       curl --fail-with-body -sS --unix-socket "$IPMI_BMC_SOCKET" -X PUT -H "Content-Type: application/json" \
         -d "{\"value\":97}" http://localhost/v1/bmcs/bmc/sensors/CPU1%20Temp
       ipmi-bmc expect entry sensor="CPU1 Temp" event="upper critical going high" asserted=true
       ipmitool $IPMI_ARGS sel elist | grep "Upper Critical going high"' ;;
  7) exec ipmi-bmc with --no-pcap -- sh -ec '
       control() { curl --fail-with-body -sS --unix-socket "$IPMI_BMC_SOCKET" -H "Content-Type: application/json" "$@"; }
       control -X POST -d "{\"id\":\"busy\",\"when\":{\"command\":\"get-chassis-status\"},\"then\":{\"complete\":\"C0h\"}}" \
         http://localhost/v1/bmcs/bmc/faults
       if ipmitool $IPMI_ARGS power status 2> said; then exit 1; fi
       grep -i busy said
       ipmi-bmc expect request get-chassis-status --cc C0h
       control -X DELETE http://localhost/v1/bmcs/bmc/faults/busy
       ipmitool $IPMI_ARGS power status | grep on' ;;
  8) exec ipmi-bmc with --no-pcap --options '[{"clock":"virtual","faults":[{"then":{"softOff":"ignored"}}]}]' -- sh -ec '
       ipmitool $IPMI_ARGS power soft
       curl --fail-with-body -sS --unix-socket "$IPMI_BMC_SOCKET" -X POST -H "Content-Type: application/json" \
         -d "{\"by\":\"10m\"}" http://localhost/v1/bmcs/bmc/clock/advance
       ipmi-bmc power | grep "is on"' ;;
  9) exec ipmi-bmc with --no-pcap --options '[{"sensors":{"CPU1 Temp":null}}]' -- sh -ec '
       ipmitool $IPMI_ARGS sdr list | grep -i "no reading"' ;;
  10) exec ipmi-bmc with --no-pcap --options "$(each_other_off)" -- sh -ec '
       port=$(echo "$IPMI_BMCS" | tr "{" "\n" | grep "\"bmc-7\"" | sed "s/.*\"port\":\([0-9]*\).*/\1/")
       password=$(echo "$IPMI_BMCS" | tr "{" "\n" | grep "\"bmc-7\"" | sed "s/.*\"password\":\"\([^\"]*\)\".*/\1/")
       user=$(echo "$IPMI_BMCS" | tr "{" "\n" | grep "\"bmc-7\"" | sed "s/.*\"user\":\"\([^\"]*\)\".*/\1/")
       ipmitool -I lanplus -H 127.0.0.1 -p "$port" -U "$user" -P "$password" power status | grep "is off"
       test "$(ipmi-bmc list --power on | grep -c "^bmc-")" = 10' ;;
esac
