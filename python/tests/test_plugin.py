"""The fixtures of the pytest plugin."""

from __future__ import annotations

from typing import Callable

import pytest

from ipmi_bmc import Bmc, Fleet


@pytest.mark.ipmi_bmc(power="off")
def test_fixture(ipmi_bmc: Bmc) -> None:
    ipmi_bmc.ipmitool("power", "on")
    ipmi_bmc.expect_request("chassis-control", action="on")


def test_factory(ipmi_bmc_factory: Callable[..., Bmc]) -> None:
    one, two = ipmi_bmc_factory(), ipmi_bmc_factory(power="off")
    assert (one.power, two.power) == ("on", "off")
    assert one.port != two.port


def test_fleet(ipmi_fleet: Callable[..., Fleet]) -> None:
    fleet = ipmi_fleet(3)
    assert [bmc.name for bmc in fleet] == ["bmc-0", "bmc-1", "bmc-2"]
