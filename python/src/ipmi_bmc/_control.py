"""The control API, over the Unix socket of the process that serves the BMCs."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any, Optional, cast
from urllib.parse import quote, urlencode

from ._errors import ControlError, ExpectationError


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Control:
    """One request, one connection: any thread may use it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def request(
        self,
        method: str,
        path: list[str],
        body: object = None,
        query: Optional[dict[str, str]] = None,
        timeout: float = 60.0,
    ) -> Any:  # noqa: ANN401 -- what the route answers; models.py has their types
        """Raises ControlError, or ExpectationError for what was expected and did not come."""
        connection = _UnixConnection(self._path, timeout)
        url = "/v1/" + "/".join(quote(part, safe="") for part in path)
        if query:
            url += "?" + urlencode(query)
        text = None if body is None else json.dumps(body)
        headers = {} if text is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, url, text, headers)
            response = connection.getresponse()
            answer = response.read().decode()
            kind = response.headers.get("Content-Type", "")
        finally:
            connection.close()
        if response.status >= 400:
            raise _problem(response.status, answer)
        if "json" in kind and answer:
            return json.loads(answer)
        return answer


def _problem(status: int, text: str) -> Exception:
    try:
        problem = cast("dict[str, object]", json.loads(text))
    except ValueError:
        return ControlError(status, text or f"HTTP {status}")
    kind = str(problem.get("type", "")).rpartition(":")[2]
    detail = str(problem.get("detail", text))
    if kind == "unmet":
        return ExpectationError(detail)
    more = [str(problem[key]) for key in ("next",) if key in problem]
    return ControlError(status, "; ".join([detail, *more]), kind)
