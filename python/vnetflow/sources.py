"""What a user names as a source, and what the core makes of it."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from vnetflow import _core
from vnetflow.columns import COLUMN_NAMES, REQUIRED_COLUMNS, data_frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    import polars as pl

    OneSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | Readable"
    SourceLike: TypeAlias = "OneSource | Sequence[OneSource] | pl.DataFrame | pl.LazyFrame | TupleFrame | ArrowStream"
    """A file, folder or glob; bytes; a binary file object; several of these; or tuples in memory."""

_URL = re.compile(r"(?i)^(az|azure|abfss?|wasbs?|https?|s3|gs|adl)://")


class Readable(Protocol):
    """A file object that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        ...


@runtime_checkable
class ArrowStream(Protocol):
    """Anything with an Arrow C stream: a PyArrow table, a pandas DataFrame, a DuckDB relation."""

    def __arrow_c_stream__(self, requested_schema: object | None = None, /) -> Any:
        """Give the stream's capsule."""
        ...


@dataclass(frozen=True)
class TupleFrame:
    """A Polars frame that holds tuples, as a source."""

    frame: pl.DataFrame | pl.LazyFrame


@dataclass(frozen=True)
class Origin:
    """A source that can be opened again and again: paths, bytes and file objects, or tuples in memory."""

    items: tuple[str | bytes | Readable, ...] = ()
    starts: tuple[int | None, ...] = ()
    """Where each file object stood at first; `None` for paths, bytes and what can't be rewound."""
    tuples: pl.DataFrame | None = None

    def open(self) -> _core.Source:
        """Find the files; file objects are put back to where they stood."""
        if self.tuples is not None:
            return _core.Source.of_tuples(cast("Any", self.tuples))
        for item, start in zip(self.items, self.starts, strict=True):
            if start is not None:
                cast("io.IOBase", item).seek(start)
        return _core.Source(self.items)


def origin_of(source: SourceLike) -> Origin:
    """Sort out what a user passes."""
    tuples = _tuples_in(source)
    if tuples is not None:
        return Origin(tuples=tuples)
    if _is_one(source):
        items: list[Any] = [source]
    else:
        try:
            items = list(cast("Sequence[OneSource]", source))
        except TypeError:
            raise _not_a_source(source) from None
        if not items:
            raise _core.InputError("the list of sources is empty: give at least one file, folder or glob")
    checked = [_checked(item) for item in items]
    return Origin(items=tuple(checked), starts=tuple(_position(item) for item in checked))


def _is_one(source: object) -> bool:
    return isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(source, "read")


def _checked(item: Any) -> str | bytes | Readable:
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", item))
    if isinstance(item, (str, os.PathLike)):
        path: str = os.fsdecode(cast("str | os.PathLike[str]", item))
        if not path:
            raise _core.InputError("the source's path is empty: give a file, a folder or a glob of logs")
        if _URL.match(path):
            message = f"can't read `{path}`: storage is not read directly in this version"
            raise _core.InputError(message + ", so download the container first, for example with `azcopy copy`")
        return str(Path(path).expanduser()) if path.startswith("~") else path
    if isinstance(item, io.TextIOBase):
        raise _core.InputError("the file object gives text, not bytes: open it with mode `rb`")
    if hasattr(item, "read"):
        return cast("Readable", item)
    if _tuples_in(item) is not None:
        raise _core.InputError("tuples in memory must come alone: join several frames with `polars.concat` first")
    raise _not_a_source(item)


def _not_a_source(found: object) -> TypeError:
    return TypeError(
        f"expected a path, a glob, bytes, a binary file object, a list of these, or tuples in memory as the source,"
        f" found {type(found).__name__}"
    )


def _position(item: str | bytes | Readable) -> int | None:
    if isinstance(item, (str, bytes)):
        return None
    try:
        return cast("io.IOBase", item).tell() if cast("io.IOBase", item).seekable() else None
    except (AttributeError, OSError, ValueError):
        return None


def _tuples_in(source: object) -> pl.DataFrame | None:
    """Tuples in memory with the columns and types that the core takes; `None` for any other source."""
    import polars as pl

    if isinstance(source, TupleFrame):
        source = source.frame
    if isinstance(source, pl.LazyFrame):
        table = source.collect()
    elif isinstance(source, pl.DataFrame):
        table = source
    elif isinstance(source, ArrowStream):
        table = data_frame(source)
    else:
        return None
    missing = [name for name in REQUIRED_COLUMNS if name not in table.columns]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise _core.InputError(f"the frame lacks {names}: expected the columns that `vnetflow.read` gives")
    known = [name for name in COLUMN_NAMES if name in table.columns]
    wanted = _plain_types()
    table = table.select(known).with_columns(_address_text(table[name]) for name in ("src_ip", "dst_ip"))
    found = table.schema
    casts = [pl.col(name).cast(wanted[name]) for name in known if found[name] != wanted[name]]
    try:
        return table.with_columns(casts)
    except pl.exceptions.PolarsError as error:
        first_line = str(error).splitlines()[0]
        raise _core.InputError(f"the frame's columns do not have the types of the tuple table: {first_line}") from None


def _plain_types() -> dict[str, pl.DataType]:
    """Give the tuple table's types with text in place of Enum and Categorical."""
    import polars as pl

    plain: dict[str, pl.DataType] = {
        "time_ms": pl.Datetime("ms", "UTC"),
        "u8": pl.UInt8(),
        "u16": pl.UInt16(),
        "u64": pl.UInt64(),
    }
    return {name: plain.get(type_text, pl.String()) for name, type_text, _, _, _ in _core.COLUMNS}


def _address_text(column: pl.Series) -> pl.Series:
    """Addresses as text; those of `ip="binary"` are printed, each distinct one once."""
    import ipaddress

    import polars as pl

    if column.dtype != pl.Binary:
        return column
    distinct = column.unique().drop_nulls()
    texts = [str(ipaddress.ip_address(address)) for address in distinct]
    # Polars leaves the type of its deprecated default open.
    printed = cast("Any", column).replace_strict(distinct, pl.Series(texts, dtype=pl.String), return_dtype=pl.String)
    return cast("pl.Series", printed)
