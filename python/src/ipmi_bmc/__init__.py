"""BMCs for tests of what talks to BMCs.

>>> from ipmi_bmc import Bmc
>>> with Bmc(power="off") as bmc:
...     bmc.ipmitool("power", "on")
...     bmc.expect_request("chassis-control", action="on")
"""

from ._bmc import Bmc, Fault, Fleet
from ._errors import BmcError, ControlError, ExpectationError, ToolError
from ._models import ExpectedEntry as Entry
from ._models import Request

__all__ = [
    "Bmc",
    "BmcError",
    "ControlError",
    "Entry",
    "ExpectationError",
    "Fault",
    "Fleet",
    "Request",
    "ToolError",
]
