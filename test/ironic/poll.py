"""What OpenStack Ironic finds of many nodes: its real ipmitool driver, with tasks that are made up.

`poll.py` reads a line of JSON a node (`name`, `address`, `port`, `user`, `password`, and `switch` where the power is to
be switched off, too) and prints a line of JSON for each, in any order: `name`, `power`, `sensors` (name to status), `off`;
an error of Ironic's is its class.
"""

import concurrent.futures
import json
import logging
import sys
import types
import uuid

from ironic.common import context, states
from ironic.conductor.task_manager import TaskManager
from ironic.conf import CONF
from ironic.drivers.modules import ipmitool

AT_A_TIME = 8

CONF([], project="ironic", default_config_files=[])
CONF.set_override("min_command_interval", 1, "ipmi")
CONF.set_override("command_retry_timeout", 2, "ipmi")
logging.disable(logging.CRITICAL)


class Task(TaskManager):
    """Holds a node that no database has."""

    node = None

    def __init__(self, of):
        self.node = of
        self.shared = False
        self.context = context.RequestContext()


def task_of(number, told):
    return Task(
        types.SimpleNamespace(
            uuid=str(uuid.UUID(int=number + 1)),
            name=told["name"],
            driver="ipmi",
            driver_info={
                "ipmi_address": told["address"],
                "ipmi_port": told["port"],
                "ipmi_username": told["user"],
                "ipmi_password": told["password"],
                "ipmi_cipher_suite": "17",
            },
            driver_internal_info={},
            properties={},
            instance_info={},
            extra={},
        )
    )


def found(work):
    try:
        return work()
    except Exception as error:  # what a tool that hangs ends with is none of Ironic
        return type(error).__name__


power = ipmitool.IPMIPower()
management = ipmitool.IPMIManagement()


def statuses(task):
    by_type = management.get_sensors_data(task)
    return {
        data["Sensor ID"].split(" (")[0]: data["Status"]
        for sensors in by_type.values()
        for data in sensors.values()
    }


def look(number, told):
    task = task_of(number, told)
    report = {
        "name": told["name"],
        "power": found(lambda: power.get_power_state(task)),
        "sensors": found(lambda: statuses(task)),
    }
    if told.get("switch"):
        report["off"] = found(lambda: power.set_power_state(task, states.POWER_OFF, timeout=3))
    return report


with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
    nodes = [json.loads(line) for line in sys.stdin]
    for done in concurrent.futures.as_completed([pool.submit(look, i, one) for i, one in enumerate(nodes)]):
        print(json.dumps(done.result()), flush=True)
