"""What OpenStack Ironic's own driver does to a BMC: `pip install ipmi-bmc ironic pytest`, and ipmitool."""

from __future__ import annotations

import types
import uuid
from typing import Any

import pytest
from ironic.common import boot_devices, context, exception, states
from ironic.conductor.task_manager import TaskManager
from ironic.conf import CONF
from ironic.drivers.modules import ipmitool

from ipmi_bmc import Bmc

CONF([], project="ironic", default_config_files=[])
# What stands in ironic.conf, shorter: a test does not wait for a minute.
CONF.set_override("min_command_interval", 1, "ipmi")
CONF.set_override("command_retry_timeout", 2, "ipmi")


class Task(TaskManager):  # type: ignore[misc]
    """A task of a conductor, with a node that no database has."""

    node: Any = None
    driver: Any = types.SimpleNamespace(power=ipmitool.IPMIPower(), management=ipmitool.IPMIManagement())

    def __init__(self, bmc: Bmc) -> None:
        self.shared = False
        self.context = context.RequestContext()
        self.node = types.SimpleNamespace(
            uuid=str(uuid.uuid4()),
            name=bmc.name,
            driver="ipmi",
            driver_info={
                "ipmi_address": bmc.host,
                "ipmi_port": bmc.port,
                "ipmi_username": bmc.user,
                "ipmi_password": bmc.password,
                "ipmi_cipher_suite": "17",
            },
            driver_internal_info={},
            properties={},
            instance_info={},
            extra={},
            save=lambda: None,
        )


def test_it_boots_from_the_network() -> None:
    with Bmc(power="off") as bmc:
        task = Task(bmc)
        task.driver.management.set_boot_device(task, boot_devices.PXE, persistent=False)
        task.driver.power.set_power_state(task, states.POWER_ON, timeout=10)
        bmc.expect_request("set-system-boot-options", parameter=5, set={"device": 1})
        bmc.expect_request("chassis-control", action="on")
        assert bmc.power == "on"


def test_sensors_are_read() -> None:
    with Bmc(sensors={"CPU1 Temp": 47}) as bmc:
        task = Task(bmc)
        data = task.driver.management.get_sensors_data(task)
        (temperature,) = data["Temperature"].values()
        assert temperature["Sensor Reading"].startswith("47")


def test_a_bmc_that_hangs_is_told() -> None:
    hanging = {"when": {"command": "get-chassis-status"}, "then": {"complete": "C3h"}}
    with Bmc(faults=[hanging]) as bmc, pytest.raises(exception.IPMIFailure):
        task = Task(bmc)
        task.driver.power.get_power_state(task)
