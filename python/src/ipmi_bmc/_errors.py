"""What can go wrong."""

from __future__ import annotations

from typing import Optional


class BmcError(Exception):
    """Anything of this package."""


class ControlError(BmcError):
    """The process of the BMCs refused something: an unknown name, a bad value."""

    def __init__(self, status: int, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind


class ExpectationError(BmcError, AssertionError):
    """What a test expected did not come. The message has what did."""


class ToolError(BmcError):
    """A program is not installed, or ended with another exit code than 0."""

    def __init__(
        self, message: str, exit_code: Optional[int] = None, stdout: str = "", stderr: str = ""
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr
