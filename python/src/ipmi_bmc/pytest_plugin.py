"""Fixtures of pytest: ``ipmi_bmc``, ``ipmi_bmc_factory``, ``ipmi_fleet``."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from ._bmc import Bmc, Fleet, Options

Factory = Callable[..., Bmc]
FleetFactory = Callable[..., Fleet]

_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the command line says of all BMCs of a run."""
    group = parser.getgroup("ipmi-bmc", "BMCs for tests")
    group.addoption("--ipmi-bmc-config", metavar="FILE", help="config file of ipmi_bmc (docs/config.md)")
    group.addoption(
        "--ipmi-bmc-fault", metavar="PRESET", action="append", default=[], help="a story of docs/faults.md"
    )
    group.addoption("--ipmi-bmc-pcap", metavar="DIR", help="keep a capture of each test that fails here")


def pytest_configure(config: pytest.Config) -> None:
    """The marker that says what `ipmi_bmc` is made of."""
    config.addinivalue_line("markers", 'ipmi_bmc(**options): what the fixture is made of: power="off"')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """A test that fails tells what passed."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if call.when == "call" and report.failed:
        item.stash[_FAILED] = True
        funcargs: dict[str, Any] = getattr(item, "funcargs", {})
        bmc = funcargs.get("ipmi_bmc")
        if isinstance(bmc, Bmc):
            with contextlib.suppress(Exception):
                report.sections.append(("ipmi-bmc", bmc.report))


@pytest.fixture
def ipmi_bmc_factory(request: pytest.FixtureRequest) -> Generator[Factory, None, None]:
    """Starts BMCs that end with the test: ``ipmi_bmc_factory(power="off")``."""
    started: list[Bmc] = []
    folder: Optional[str] = request.config.getoption("--ipmi-bmc-pcap")
    presets: list[str] = request.config.getoption("--ipmi-bmc-fault")

    def start(**options: Any) -> Bmc:  # noqa: ANN401
        bmc = Bmc(pcap=_capture(folder, request.node.nodeid, len(started)), **options)
        started.append(bmc)
        for preset in presets:
            bmc.add_preset(preset)
        return bmc

    yield start
    for bmc in started:
        if request.node.stash.get(_FAILED, False):
            bmc._process.failed()
        bmc.stop()


@pytest.fixture
def ipmi_bmc(request: pytest.FixtureRequest, ipmi_bmc_factory: Factory) -> Bmc:
    """A BMC of this test; ``@pytest.mark.ipmi_bmc(power="off")`` says what it is made of."""
    marker = request.node.get_closest_marker("ipmi_bmc")
    options: dict[str, Any] = dict(marker.kwargs) if marker else {}
    file: Optional[str] = request.config.getoption("--ipmi-bmc-config")
    if file is not None:
        options.setdefault("file", file)
    return ipmi_bmc_factory(**options)


@pytest.fixture
def ipmi_fleet() -> Generator[FleetFactory, None, None]:
    """Starts many BMCs in one process: ``ipmi_fleet(200, lambda n: {"power": "off"})``."""
    started: list[Fleet] = []

    def start(count: int, options: Optional[Callable[[int], Options]] = None) -> Fleet:
        fleet = Fleet(count, options)
        started.append(fleet)
        return fleet

    yield start
    for fleet in started:
        fleet.stop()


def _capture(folder: Optional[str], test: str, place: int) -> Optional[str]:
    if folder is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", test).strip("-")
    return str(Path(folder) / f"{name}{'' if place == 0 else f'-{place}'}.pcapng")
