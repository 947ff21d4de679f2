"""What OpenStack Ironic asks of a BMC while it enrols a node and makes it ready: its real ipmitool driver, with a task
that is made up. `enrol.py PORT USER PASSWORD`; prints a line of JSON a step.

enrolment.tape was recorded with Ironic 39.0.0 and ipmitool 1.8.19 against the judged platform (test/clients/bmc.yaml):
`ipmi-bmc run test/clients/bmc.yaml --record test/ironic/enrolment.tape`, and this beside it.
"""

import json
import sys
import types
import uuid

from ironic.common import boot_devices, context, states
from ironic.conductor.task_manager import TaskManager
from ironic.conf import CONF
from ironic.drivers.modules import ipmitool

port, user, password = sys.argv[1:]
CONF([], project="ironic", default_config_files=[])
CONF.set_override("min_command_interval", 1, "ipmi")
CONF.set_override("command_retry_timeout", 10, "ipmi")


class Node(types.SimpleNamespace):
    """As much of a node as the driver looks at; it is kept nowhere."""

    def save(self):
        pass

    def set_driver_internal_info(self, key, value):
        self.driver_internal_info[key] = value

    def del_driver_internal_info(self, key, default=None):
        return self.driver_internal_info.pop(key, default)


node = Node(
    uuid=str(uuid.UUID(int=1)),
    name="node-1",
    driver="ipmi",
    driver_info={
        "ipmi_address": "127.0.0.1",
        "ipmi_port": port,
        "ipmi_username": user,
        "ipmi_password": password,
        "ipmi_cipher_suite": "17",
    },
    driver_internal_info={},
    properties={"capabilities": "boot_mode:uefi"},
    instance_info={},
    extra={},
    power_state=None,
    target_power_state=None,
    provision_state=states.ENROLL,
    vendor=None,
)


class Task(TaskManager):
    """Holds a node that no database has."""

    node = None

    def __init__(self, of):
        self.node = of
        self.shared = False
        self.context = context.RequestContext()

    def upgrade_lock(self, *_args, **_kwargs):
        pass


task = Task(node)
power = ipmitool.IPMIPower()
management = ipmitool.IPMIManagement()
task.driver = types.SimpleNamespace(power=power, management=management)


def step(name, work):
    result = work()
    print(json.dumps({"step": name, "result": result}, default=str))


step("validate power", lambda: power.validate(task))
step("validate management", lambda: management.validate(task))
step("power state", lambda: power.get_power_state(task))
step("vendor", lambda: management.detect_vendor(task))
step("boot devices", lambda: management.get_supported_boot_devices(task))
step("boot device", lambda: management.get_boot_device(task))
step("set boot device", lambda: management.set_boot_device(task, boot_devices.PXE, persistent=False))
step("boot device", lambda: management.get_boot_device(task))
step("sensors", lambda: management.get_sensors_data(task))
step("power on", lambda: power.set_power_state(task, states.POWER_ON, timeout=20))
step("power state", lambda: power.get_power_state(task))
