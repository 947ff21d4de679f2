"""Code that uses pyghmi, tested: `pip install ipmi-bmc pyghmi pytest`, then `pytest test_pyghmi.py`."""

from __future__ import annotations

from pyghmi.ipmi import command

from ipmi_bmc import Bmc


def switch_on(host: str, port: int, user: str, password: str) -> str:
    """The code under test."""
    connection = command.Command(bmc=host, port=port, userid=user, password=password)
    connection.set_bootdev("network")
    return str(connection.set_power("on", wait=True)["powerstate"])


def test_switch_on() -> None:
    with Bmc(power="off") as bmc:
        assert switch_on(bmc.host, bmc.port, bmc.user, bmc.password) == "on"
        bmc.expect_request("set-system-boot-options", parameter=5, set={"device": 1})
        bmc.expect_request("chassis-control", action="on")
