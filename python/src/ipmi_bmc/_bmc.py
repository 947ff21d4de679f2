"""BMCs of a process that ends with its last one, or with this process."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Callable, Optional, Union, cast

from ._binary import command
from ._control import Control
from ._errors import BmcError, ToolError
from ._models import ExpectedEntry as Entry
from ._models import Request

Time = Union[int, float, str]
"""Seconds, or ``500ms``, ``5s``, ``10m``."""

Options = Mapping[str, Any]
"""Keys of a config file, and those of ``startBmc``: power, sensors, faults, clock, seed."""

_START = 60.0
_STOP = 10.0
_NO_IPMITOOL = (
    "ipmitool is not installed: apt-get install ipmitool (Debian, Ubuntu), "
    "dnf install ipmitool (Fedora), brew install ipmitool (macOS)"
)


class _Process:
    """``ipmi-bmc with``, until its standard input ends: it cannot outlive this process."""

    def __init__(self, options: Sequence[Options], file: Optional[str], pcap: Optional[str]) -> None:
        arguments = [*command(), "with", "--until-eof"]
        if file is not None:
            arguments += ["--file", file, "--free-ports"]
        else:
            arguments += ["--options", json.dumps([dict(one) for one in options])]
        arguments += ["--no-pcap"] if pcap is None else ["--pcap", pcap]
        try:
            self._child = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise ToolError(f"{arguments[0]}: {error.strerror}") from error
        line = self._first_line()
        if not line:
            self.stop()
            raise BmcError(f"ipmi-bmc ended with {self._child.returncode}; what it said is on standard error")
        ready = cast("dict[str, Any]", json.loads(line))
        self.control = Control(str(ready["control"]))
        self.bmcs = cast("list[dict[str, Any]]", ready["bmcs"])

    def _first_line(self) -> bytes:
        out = cast("IO[bytes]", self._child.stdout)
        readable, _, _ = select.select([out], [], [], _START)
        if not readable:
            self._child.kill()
        return out.readline()

    def failed(self) -> None:
        """The capture of what passed is written when it ends."""
        self._say(b"failed\n")

    def _say(self, line: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):
            stdin = cast("IO[bytes]", self._child.stdin)
            stdin.write(line)
            stdin.flush()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            cast("IO[bytes]", self._child.stdin).close()
        try:
            self._child.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        cast("IO[bytes]", self._child.stdout).close()


class Fault:
    """A rule that was added; ``with bmc.add_fault(...)`` takes it off at the end of its block."""

    def __init__(self, bmc: Bmc, identity: str) -> None:
        self.id = identity
        self._bmc = bmc

    @property
    def hits(self) -> int:
        """How often it has struck."""
        answer = self._bmc._get("faults")
        rules = cast("list[dict[str, Any]]", answer["rules"])
        return next((int(rule["hits"]) for rule in rules if rule["id"] == self.id), 0)

    def remove(self) -> None:
        """Doing so twice is an error."""
        self._bmc._ask("DELETE", "faults", self.id)

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Bmc:
    """A BMC on a free port of 127.0.0.1, with credentials of its own and an empty event log.

    Keywords are keys of a config file; ``power``, ``sensors`` (by name: a reading, None, or settings),
    ``faults`` (rules and names of presets), ``clock`` ("virtual") and ``seed`` say some of them shorter.
    ``file`` takes the BMC of a config file, ``pcap`` keeps a capture where a test fails.
    """

    def __init__(self, *, file: Optional[str] = None, pcap: Optional[str] = None, **options: Any) -> None:  # noqa: ANN401
        if file is not None and options:
            raise TypeError(f"{file} says what the BMC is, and {', '.join(options)} would too")
        self._process = _Process([options], file, pcap)
        self._owned = True
        self._begin(self._process, self._process.bmcs[0])

    @classmethod
    def _of(cls, process: _Process, where: Mapping[str, Any]) -> Bmc:
        bmc = cls.__new__(cls)
        bmc._owned = False
        bmc._begin(process, where)
        return bmc

    def _begin(self, process: _Process, where: Mapping[str, Any]) -> None:
        self._process = process
        self.name = str(where["name"])
        self.host = str(where["host"])
        self.port = int(where["port"])
        self.user = str(where["user"])
        self.password = str(where["password"])

    def __enter__(self) -> Bmc:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if kind is not None:
            self._process.failed()
        self.stop()

    def stop(self) -> None:
        """Ends it; one of a fleet ends with the fleet."""
        if self._owned:
            self._process.stop()

    @property
    def args(self) -> list[str]:
        """What ipmitool is told to reach it."""
        return [
            *("-I", "lanplus", "-H", self.host, "-p", str(self.port)),
            *("-U", self.user, "-P", self.password),
        ]

    @property
    def env(self) -> dict[str, str]:
        """For programs: IPMI_HOST, IPMI_PORT, IPMI_USER, IPMI_PASSWORD, IPMI_ARGS."""
        return {
            "IPMI_HOST": self.host,
            "IPMI_PORT": str(self.port),
            "IPMI_USER": self.user,
            "IPMI_PASSWORD": self.password,
            "IPMI_ARGS": " ".join(self.args),
        }

    def ipmitool(self, *args: str) -> str:
        """What it writes to standard output. Raises ToolError."""
        return self.run("ipmitool", *self.args, *args)

    def run(self, program: str, *args: str, timeout: float = 30.0) -> str:
        """Any program, with ``env``. Raises ToolError."""
        try:
            ran = subprocess.run(
                [program, *args],
                capture_output=True,
                text=True,
                timeout=timeout,
                env={**os.environ, **self.env},
                check=False,
            )
        except FileNotFoundError:
            missing = _NO_IPMITOOL if program == "ipmitool" else f"{program} is not installed"
            raise ToolError(missing) from None
        if ran.returncode == 0:
            return ran.stdout
        said = (ran.stderr + ran.stdout).strip()
        message = f"{program} ended with {ran.returncode}: {said}\n{self.report}"
        raise ToolError(message, ran.returncode, ran.stdout, ran.stderr)

    @property
    def power(self) -> str:
        """``on`` or ``off``."""
        return str(self._get("power")["power"])

    @power.setter
    def power(self, action: str) -> None:
        self._ask("POST", "power", body={"action": action})

    @property
    def requests(self) -> list[Request]:
        """What came, decoded, oldest first."""
        return cast("list[Request]", self._get("requests")["requests"])

    def clear_requests(self) -> None:
        """Forgets what came: an expectation is about what comes from now on."""
        self._ask("DELETE", "requests")

    def expect_request(
        self,
        command: str,
        *,
        within: Time = "5s",
        user: Optional[str] = None,
        cc: Optional[int] = None,
        fields: Optional[Mapping[str, Any]] = None,
        **more: Any,  # noqa: ANN401 -- fields of the command
    ) -> Request:
        """The oldest such request that no earlier call was about, as soon as it is answered.

        Fields are keywords, or ``fields`` where a name is taken. Raises ExpectationError with what came
        instead.
        """
        body = {"command": command, "within": within, "fields": {**(fields or {}), **more}}
        if user is not None:
            body["user"] = user
        if cc is not None:
            body["cc"] = cc
        return cast("Request", self._ask("POST", "expectations", "request", body=body))

    def expect_no_other(self, *, but: Sequence[str] = ()) -> None:
        """Nothing else came, except to log in and out, and commands of ``but``."""
        self._ask("POST", "expectations", "no-other", body={"except": list(but)})

    def expect_entry(
        self,
        *,
        sensor: Optional[str] = None,
        type: Union[str, int, None] = None,
        event: Union[str, int, None] = None,
        asserted: Optional[bool] = None,
        within: Time = "5s",
    ) -> Entry:
        """The oldest such entry of the event log, as soon as there is one."""
        wanted = {"sensor": sensor, "type": type, "event": event, "asserted": asserted, "within": within}
        body = {key: value for key, value in wanted.items() if value is not None}
        return cast("Entry", self._ask("POST", "expectations", "entry", body=body))

    def set_sensor(self, name: str, value: Optional[float]) -> None:
        """Its reading, in its unit; None: it cannot be read."""
        self._ask("PUT", "sensors", name, body={"value": value})

    def add_fault(self, rule: Mapping[str, Any]) -> Fault:
        """A rule as config files have it (docs/faults.md)."""
        answer = self._ask("POST", "faults", body=dict(rule))
        return Fault(self, str(answer["id"]))

    def add_preset(self, name: str) -> None:
        """All rules of a story (docs/faults.md)."""
        self._ask("POST", "faults", "presets", name)

    def clear_faults(self) -> None:
        """It is well again."""
        self._ask("DELETE", "faults")

    def advance(self, duration: Time) -> None:
        """Moves the time of a BMC with ``clock="virtual"``."""
        self._ask("POST", "clock", "advance", body={"by": duration})

    @property
    def report(self) -> str:
        """What passed, for whom a test has failed."""
        return str(self._get("report"))

    def _get(self, *path: str) -> Any:  # noqa: ANN401
        return self._ask("GET", *path)

    def _ask(self, method: str, *path: str, body: object = None) -> Any:  # noqa: ANN401
        timeout = 120.0 if "expectations" in path else 60.0
        return self._process.control.request(method, ["bmcs", self.name, *path], body, timeout=timeout)


class Fleet:
    """So many BMCs in one process: ``Fleet(200, lambda n: {"power": "off"})``."""

    def __init__(
        self,
        count: int,
        options: Optional[Callable[[int], Options]] = None,
        *,
        pcap: Optional[str] = None,
    ) -> None:
        each = options or (lambda _: {})
        self._process = _Process([{"name": f"bmc-{n}", **each(n)} for n in range(count)], None, pcap)
        self.bmcs = [Bmc._of(self._process, where) for where in self._process.bmcs]

    def __len__(self) -> int:
        return len(self.bmcs)

    def __getitem__(self, place: int) -> Bmc:
        return self.bmcs[place]

    def __iter__(self) -> Iterator[Bmc]:
        return iter(self.bmcs)

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends all of them."""
        self._process.stop()
