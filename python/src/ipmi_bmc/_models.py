"""The answers of the control API, from openapi.json: `python generate.py` makes it anew."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, TypedDict, Union  # noqa: UP035

__all__ = [
    "Clock",
    "ExpectedEntry",
    "Fault",
    "Faults",
    "Power",
    "Problem",
    "Request",
    "Requests",
    "Sensor",
]


class _Clock(TypedDict, total=False):
    timers: int


class Clock(_Clock, TypedDict):
    kind: Literal["real", "virtual", "fast"]
    speed: float
    now: str
    sel: int


class _ExpectedEntry(TypedDict, total=False):
    sensor: str
    type: str
    event: str


class ExpectedEntry(_ExpectedEntry, TypedDict):
    id: int
    asserted: bool
    text: str


class _Fault(TypedDict, total=False):
    preset: str


class Fault(_Fault, TypedDict):
    id: str
    layer: Literal["datagram", "session", "command", "condition"]
    hits: int
    waiting: bool
    rule: Dict[str, Any]


class Faults(TypedDict):
    rules: List[Fault]


class Power(TypedDict):
    power: Literal["on", "off"]
    machine: Literal["simulated", "connected", "away"]


class _Problem(TypedDict, total=False):
    key: str
    nearest: str
    next: str
    problems: List[str]


class Problem(_Problem, TypedDict):
    type: str
    title: str
    status: int
    detail: str


class _RequestAnswer(TypedDict, total=False):
    values: Dict[str, Any]


class RequestAnswer(_RequestAnswer, TypedDict):
    cc: int
    name: str


class _Request(TypedDict, total=False):
    values: Dict[str, Any]
    chosen: str
    parameter: Dict[str, Any]
    user: str
    answer: RequestAnswer


class Request(_Request, TypedDict):
    id: int
    name: str
    time: float
    channel: int
    medium: str
    privilege: int
    text: str


class Requests(TypedDict):
    requests: List[Request]


class Sensor(TypedDict):
    name: str
    lun: int
    number: int
    type: str
    unit: Union[str, None]
    value: Union[float, None]
    status: Literal["ok", "nc", "cr", "nr", "ns"]
    states: List[str]
    thresholds: Dict[str, Any]
    ramps: bool
