"""Tells what could not be read: counted, in a sentence, as a warning or an error. Never silence."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vnetflow.columns import data_frame
from vnetflow.errors import IssueError, IssueWarning

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from vnetflow import _core
    from vnetflow.arguments import OnIssue

ISSUE_COLUMNS = ["source", "offset", "record", "tuple", "kind", "message", "skipped"]

_FIRST_SHOWN = 3
_PACKAGE = str(Path(__file__).parent)


@dataclass(frozen=True)
class IssueReport:
    """The issues of one pass over a source."""

    issues: pl.DataFrame
    """One row an issue, with the column `count` of how many it stands for."""
    notes: tuple[str, ...] = ()
    """What else a reader must know of the pass: with `vantage="once"`, by how much all NICs over-count."""

    @classmethod
    def of(cls, frame: _core.Frame, note: str | None = None) -> IssueReport:
        """Take over what the core reports."""
        import polars as pl

        issues = data_frame(frame).with_columns(pl.col("source", "kind", "message").cast(pl.String))
        return cls(issues, () if note is None else (note,))

    @property
    def count(self) -> int:
        """How many issues there are."""
        return int(self.issues["count"].sum())

    @property
    def tuples_lost(self) -> int:
        """How many tuples were skipped, as far as that is known."""
        return int(self.issues["skipped"].sum())

    @property
    def has_unknown_loss(self) -> bool:
        """True where more may have been lost than `tuples_lost` says."""
        return self.issues["skipped"].null_count() > 0

    @property
    def table(self) -> pl.DataFrame:
        """The issues with the public columns."""
        return self.issues.select(ISSUE_COLUMNS)

    def counts(self) -> str:
        """Say in one line how many issues of which kind there are and what was lost."""
        import polars as pl

        by_kind = (
            self.issues.group_by("kind", maintain_order=True)
            .agg(pl.col("count").sum())
            .sort("count", descending=True, maintain_order=True)
        )
        kinds = ", ".join(f"{count} {kind}" for kind, count in by_kind.rows())
        sources = self.issues["source"].n_unique()
        lost = f"{self.tuples_lost} tuples lost" if self.tuples_lost != 1 else "1 tuple lost"
        if self.has_unknown_loss:
            lost = f"at least {lost}" if self.tuples_lost else "number of lost tuples unknown"
        where = "1 file" if sources == 1 else f"{sources} files"
        return f"{self.count} issue{'' if self.count == 1 else 's'} in {where} ({kinds}), {lost}"

    def first(self) -> list[str]:
        """Say where the first issues are and what was found there."""
        lines: list[str] = []
        for row in self.issues.head(_FIRST_SHOWN).iter_rows(named=True):
            place = f"{row['source']}: byte {row['offset']}"
            for unit in ("record", "tuple"):
                if row[unit] is not None:
                    place += f", {unit} {row[unit]}"
            lines.append(f"{place}: {row['message']}")
        return lines

    def tell(self, on_issue: OnIssue | Callable[[IssueReport], None]) -> None:
        """Warn, raise or hand the report on, as was asked for."""
        if callable(on_issue):
            on_issue(self)
            return
        if on_issue == "ignore" or self.issues.is_empty():
            return
        shown = self.first()
        if self.issues.height > len(shown):
            shown.append("…")
        lines = "\n  ".join([self.counts(), *shown])
        if on_issue == "raise":
            raise IssueError(lines, self.table)
        message = f"{lines}\n`vnetflow.issues(source)` lists all"
        warnings.warn(IssueWarning(message, self.table), stacklevel=_frames_of_package())


def _frames_of_package() -> int:
    """Count the frames up to the user's own, so that the warning names the user's line."""
    level, frame = 1, sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    return level
