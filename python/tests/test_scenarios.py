"""The ten scenarios, as in TypeScript, Go and shell (test/kits.test.ts of the project runs all of them)."""

from __future__ import annotations

import pytest

from ipmi_bmc import Bmc, ExpectationError, Fleet, ToolError


def test_1_power_on() -> None:
    with Bmc(power="off") as bmc:
        bmc.ipmitool("power", "on")
        request = bmc.expect_request("chassis-control", action="on")
        assert (request["chosen"], request["user"]) == ("power up", bmc.user)
        assert bmc.power == "on"


def test_2_nothing_else() -> None:
    with Bmc() as bmc:
        bmc.ipmitool("power", "cycle")
        bmc.expect_request("chassis-control", action="cycle")
        bmc.expect_no_other()


def test_3_what_did_not_come() -> None:
    with Bmc() as bmc:
        bmc.ipmitool("power", "reset")
        with pytest.raises(ExpectationError, match=r"(?s)action is 3 \(hard reset\), expected cycle"):
            bmc.expect_request("chassis-control", action="cycle", within="100ms")


def test_4_boot_device() -> None:
    with Bmc() as bmc:
        bmc.ipmitool("chassis", "bootdev", "pxe")
        bmc.expect_request("set-system-boot-options", parameter=5, set={"device": 1})


def test_5_wrong_password() -> None:
    with Bmc() as bmc:
        bmc.password += "x"
        with pytest.raises(ToolError, match="establish"):
            bmc.ipmitool("mc", "info")


def test_6_sensor_and_log() -> None:
    with Bmc(sensors={"CPU1 Temp": 47}) as bmc:
        bmc.set_sensor("CPU1 Temp", 97)
        entry = bmc.expect_entry(sensor="CPU1 Temp", event="upper critical going high")
        assert entry["asserted"]
        assert "Upper Critical going high" in bmc.ipmitool("sel", "elist")


def test_7_busy() -> None:
    rule = {"id": "busy", "when": {"command": "get-chassis-status"}, "then": {"complete": "C0h"}}
    with Bmc() as bmc:
        with bmc.add_fault(rule) as fault:
            with pytest.raises(ToolError, match="busy"):
                bmc.ipmitool("power", "status")
            bmc.expect_request("get-chassis-status", cc=0xC0)
            assert fault.hits >= 1
        assert "on" in bmc.ipmitool("power", "status")


def test_8_time() -> None:
    faults = [{"then": {"softOff": "ignored"}}]
    with Bmc(clock="virtual", faults=faults) as bmc:
        bmc.ipmitool("power", "soft")
        bmc.advance("10m")
        assert bmc.power == "on"


def test_9_unreadable() -> None:
    with Bmc(sensors={"CPU1 Temp": None}) as bmc:
        assert "no reading" in bmc.ipmitool("sdr", "list").lower()


def test_10_fleet() -> None:
    with Fleet(20, lambda n: {"power": "off" if n % 2 else "on"}) as fleet:
        assert "off" in fleet[7].ipmitool("power", "status")
        assert [bmc.power for bmc in fleet].count("on") == 10
