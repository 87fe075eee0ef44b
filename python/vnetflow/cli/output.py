"""Writes results for programs: JSON, CSV, Parquet; to standard output, or to a file that appears when it is whole."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnetflow.cli.options import RESULT_FORMATS
from vnetflow.near_match import check_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import polars as pl

_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.3fZ"

_FORMAT_BY_SUFFIX = {".json": "json", ".csv": "csv", ".parquet": "parquet", ".txt": "table"}


@dataclass(frozen=True)
class Target:
    """Where a result goes, and in which form."""

    format: str
    path: Path | None
    force: bool

    @classmethod
    def of(cls, options: dict[str, Any]) -> Target:
        """Check the options before anything is read."""
        form, output, force = options.pop("format"), options.pop("output"), bool(options.pop("force"))
        path = None if output is None else Path(output)
        if form is None:
            form = "table" if path is None else _FORMAT_BY_SUFFIX.get(path.suffix.lower())
            if form is None:
                message = f"can't tell a format from `{path}`"
                raise ValueError(message + ": end it with .json, .csv or .parquet, or give --format")
        check_choice("format", form, RESULT_FORMATS)
        if path is not None:
            check_target(path, force=force)
        elif form == "parquet" and sys.stdout.isatty():
            raise ValueError("parquet is not for terminals: give --output FILE, or pipe it somewhere")
        return cls(form, path, force)

    def write(self, table: pl.DataFrame, draw: Callable[[], str], *, is_one_object: bool = False) -> None:
        """Write a result; `draw` gives it as text for people."""
        if self.format == "table":
            content = draw().encode()
        elif self.format == "json":
            content = _json(table, is_one_object=is_one_object).encode()
        else:
            content = _binary(table, self.format)
        self.put(content)

    def put(self, content: bytes) -> None:
        """Write what is in its form already."""
        if self.path is None:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return
        with whole_file(self.path) as part:
            part.write_bytes(content)


def check_target(path: Path, *, force: bool) -> None:
    """Raise where a file can't be written there, or would take another's place unasked."""
    if path.is_dir():
        raise IsADirectoryError(f"`{path}` is a folder: give the name of a file")
    if path.exists() and not force:
        raise FileExistsError(f"`{path}` exists: choose another name, or overwrite it with --force")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder `{path.parent}` does not exist: create it first")


@contextlib.contextmanager
def whole_file(path: Path) -> Generator[Path, None, None]:
    """Give a temporary name beside the path; what is written there takes the path's place when all went well."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def text_times(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Write times as RFC 3339 in UTC with milliseconds."""
    import polars as pl

    return frame.with_columns(pl.col(pl.Datetime).dt.strftime(_TIME_FORMAT))


def json_rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Give the rows as JSON has them."""
    return text_times(table.lazy()).collect().to_dicts()


def _json(table: pl.DataFrame, *, is_one_object: bool) -> str:
    rows = json_rows(table)
    if is_one_object:
        return json.dumps(rows[0], indent=2) + "\n"
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f"[\n{lines}\n]\n" if rows else "[]\n"


def _binary(table: pl.DataFrame, form: str) -> bytes:
    import polars as pl

    buffer = io.BytesIO()
    if form == "parquet":
        table.write_parquet(buffer)
    else:
        joined = text_times(table.lazy()).with_columns(pl.col(pl.List).cast(pl.List(pl.String)).list.join(" "))
        joined.collect().write_csv(buffer)
    return buffer.getvalue()
