"""The columns of the tuple table as Polars sees them; their names and types come from the core."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

from vnetflow import _core
from vnetflow.near_match import check_choice, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

IpForm = Literal["string", "categorical", "binary"]
"""How addresses come: text, text in a dictionary, or 4 or 16 bytes in network order."""

COLUMN_NAMES: tuple[str, ...] = tuple(name for name, _, _, _, _ in _core.COLUMNS)
DEFAULT_COLUMNS: tuple[str, ...] = tuple(name for name, _, _, is_default, _ in _core.COLUMNS if is_default)
REQUIRED_COLUMNS: tuple[str, ...] = tuple(
    name
    for name, _, is_nullable, is_default, _ in _core.COLUMNS
    if is_default and not is_nullable and name != "flow_log_version"
)
"""What tuples in memory can't be without; the version can be told from the other columns."""

_ENUM = "enum:"


def chosen_columns(columns: str | Iterable[str] | None) -> list[str]:
    """Check names that a user asked for; `None` are all that come by default."""
    if columns is None:
        return list(DEFAULT_COLUMNS)
    chosen = [columns] if isinstance(columns, str) else list(columns)
    if not chosen:
        raise ValueError("no columns asked for: name at least one, or leave `columns` out for the usual ones")
    for position, name in enumerate(chosen):
        if name not in COLUMN_NAMES:
            raise ValueError(unknown_name("column", name, COLUMN_NAMES))
        if name in chosen[:position]:
            raise ValueError(f"column `{name}` is asked for twice: name each once")
    return chosen


def check_ip_form(ip: str) -> None:
    """Raise where `ip` is no form of addresses."""
    check_choice("form of `ip`", ip, ("string", "categorical", "binary"))


def enum_names(column: str) -> list[str] | None:
    """Give the fixed names of an Enum column; `None` for a column of another type."""
    for name, type_text, _, _, _ in _core.COLUMNS:
        if name == column and type_text.startswith(_ENUM):
            return type_text.removeprefix(_ENUM).split(",")
    return None


def dtypes(columns: Sequence[str], ip: IpForm = "string") -> dict[str, pl.DataType]:
    """Polars types of columns, by name."""
    import polars as pl

    address: dict[str, pl.DataType] = {
        "string": pl.String(),
        "categorical": pl.Categorical(),
        "binary": pl.Binary(),
    }
    plain: dict[str, pl.DataType] = {
        "time_ms": pl.Datetime("ms", "UTC"),
        "address": address[ip],
        "u8": pl.UInt8(),
        "u16": pl.UInt16(),
        "u64": pl.UInt64(),
        "text": pl.Categorical(),
    }
    type_texts = {name: type_text for name, type_text, _, _, _ in _core.COLUMNS}
    return {name: plain.get(type_texts[name]) or pl.Enum(enum_names(name) or []) for name in columns}


def data_frame(stream: object) -> pl.DataFrame:
    """Take over an Arrow C stream. Polars takes any, but its annotations list only those it knows by name."""
    import polars as pl

    return pl.DataFrame(cast("Any", stream))


def as_tuple_table(frame: _core.Frame, columns: Sequence[str], ip: IpForm = "string") -> pl.DataFrame:
    """Hand columns over to Polars, without a copy where they already have the types of the tuple table."""
    table = data_frame(frame)
    for number, values in frame.shared:
        # What rows share, like all of a flow group do, comes once and is spread over them here.
        table = table.hstack(data_frame(values)[table.drop_in_place(number)])
    if frame.shared:
        table = table.select(columns)
    casts = [found for name in columns if (found := type_cast(name, ip)) is not None]
    return table.with_columns(casts) if casts else table


@cache
def type_cast(name: str, ip: IpForm = "string") -> pl.Expr | None:
    """Give what brings a column from its Arrow type to the tuple table's; `None` where this Polars needs nothing.

    Told once and not by each frame: asked for its types while Ctrl-C comes, Polars panics.
    """
    import polars as pl

    (wanted,) = dtypes([name], ip).values()
    found = data_frame(_core.empty([name], ip=ip)).dtypes[0]
    return None if found == wanted else pl.col(name).cast(wanted)


def with_key_types(table: pl.DataFrame) -> pl.DataFrame:
    """Give key columns of a result the types that they have in the tuple table, so that the two can be joined."""
    import polars as pl

    found = table.schema
    wanted = dtypes([name for name in found if name in DEFAULT_COLUMNS])
    casts = [pl.col(name).cast(dtype) for name, dtype in wanted.items() if found[name] != dtype]
    return table.with_columns(casts) if casts else table


def lines_table(lines: list[str]) -> pl.DataFrame:
    """Make a table of lines of text, as the core gives them for other tools."""
    import polars as pl

    return pl.DataFrame({"line": lines}, schema={"line": pl.String})
