"""What can go wrong, as Python's own kinds of errors and warnings. Not here: how issues are counted and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow._core import FilterError, InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FilterError", "InputError", "IssueError", "IssueWarning"]


class IssueWarning(UserWarning):
    """Something in a log could not be read and was skipped.

    Attributes
    ----------
    issues : polars.DataFrame
        What could not be read, as `vnetflow.issues` lists it.
    """

    issues: pl.DataFrame

    def __init__(self, message: str, issues: pl.DataFrame) -> None:
        super().__init__(message)
        self.issues = issues

    def __reduce__(self) -> tuple[type, tuple[str, pl.DataFrame]]:
        return type(self), (str(self), self.issues)


class IssueError(ValueError):
    """Something in a log could not be read, and `on_issue="raise"` was asked for.

    Attributes
    ----------
    issues : polars.DataFrame
        What could not be read, as `vnetflow.issues` lists it.
    """

    issues: pl.DataFrame

    def __init__(self, message: str, issues: pl.DataFrame) -> None:
        super().__init__(message)
        self.issues = issues

    def __reduce__(self) -> tuple[type, tuple[str, pl.DataFrame]]:
        return type(self), (str(self), self.issues)
