"""What the charts share: colours, units on axes, names of rows, and the way data goes into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vnetflow.near_match import unknown_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    import altair as alt
    import polars as pl

OTHERS = "others"
"""What a null key is called."""

ALLOWED, DENIED, GREY = "#0072B2", "#D55E00", "#999999"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
"""Okabe and Ito's colours; vermilion is kept for what was denied."""

WIDTH = 640

_MOST_ROWS = 20_000
"""More marks than that make a chart that nobody can read and few browsers can draw."""

_UNITS = {"bits_per_second": "bit/s"}

_TIMES: Any = {
    "year": "%Y",
    "quarter": "%b %Y",
    "month": "%b %Y",
    "week": "%d %b",
    "day": "%d %b",
    "date": "%d %b",
    "hours": "%H:%M",
    "minutes": "%H:%M",
    "seconds": "%H:%M:%S",
    "milliseconds": "%H:%M:%S.%L",
}
"""How an axis writes each kind of moment."""


def altair_module() -> ModuleType:
    """Import Altair, or say how to get it."""
    try:
        import altair
    except ImportError:
        raise ImportError("charts need Altair: `pip install 'vnetflow[charts]'`") from None
    return altair


def check_metric(table: pl.DataFrame, metric: str, analysis: str) -> None:
    """Raise where the table has no such counter, or is another analysis' answer."""
    counters = [name for name in table.columns if table.schema[name].is_numeric() and name not in _KEY_NUMBERS]
    if metric not in counters:
        if "tuples" not in counters:
            raise ValueError(f"expected the table that `{analysis}` returns, found the columns {table.columns}")
        raise ValueError(unknown_name("metric", metric, counters))


def check_columns(table: pl.DataFrame, names: Sequence[str], analysis: str) -> None:
    """Raise where the table is another analysis' answer."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        lacking = ", ".join(f"`{name}`" for name in missing)
        raise ValueError(f"expected the table that `{analysis}` returns, found one without {lacking}")


_KEY_NUMBERS = {"src_port", "dst_port", "protocol", "flow_log_version"}


def keys_of(table: pl.DataFrame) -> list[str]:
    """Columns that stand before the counters."""
    before = table.columns[: table.columns.index("tuples")]
    return [name for name in before if name != "time"]


def named_rows(table: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Add the column `name`: the keys in a row's own words."""
    import polars as pl

    texts = {key: pl.col(key).cast(pl.String).fill_null(OTHERS) for key in keys}
    ends = [(key, key.replace("src", "dst", 1)) for key in keys if key.startswith("src")]
    pair = next(((src, dst) for src, dst in ends if dst in texts), None)
    parts: list[pl.Expr] = []
    if pair is not None:
        src, dst = (texts.pop(key) for key in pair)
        parts.append(pl.format("{} → {}", src, dst))
    if {"dst_port", "protocol"} <= texts.keys():
        port, protocol = texts.pop("dst_port"), texts.pop("protocol").replace({"6": "tcp", "17": "udp"})
        parts.append(pl.format("{}/{}", port, protocol))
    parts.extend(texts.values())
    is_rest = pl.all_horizontal(pl.col(key).is_null() for key in keys)
    name = pl.when(is_rest).then(pl.lit(OTHERS)).otherwise(pl.concat_str(parts, separator=" "))
    return table.with_columns(name.alias("name"))


def inline(table: pl.DataFrame) -> alt.Data:
    """Put rows into a chart: times as milliseconds, text as text, no limit but that of the eye."""
    import altair as alt
    import polars as pl

    if table.height > _MOST_ROWS:
        raise ValueError(
            f"can't draw {table.height:,} marks: make the table with fewer rows, such as a longer `every` or fewer keys"
        )
    times = pl.col(pl.Datetime).dt.epoch("ms")
    texts = pl.col(pl.Categorical, pl.Enum).cast(pl.String)
    rows: list[dict[str, Any]] = table.with_columns(times, texts).to_dicts()
    return alt.Data(values=rows)


def utc(field: str, *, padding: int = 0) -> alt.X:
    """Give a horizontal axis of time, which is UTC with hours from 0 to 24."""
    import altair as alt

    scale = alt.Scale(type="utc", padding=padding) if padding else alt.Scale(type="utc")
    return alt.X(f"{field}:T", title="UTC", scale=scale, axis=alt.Axis(format=_TIMES, labelFlush=False))


def time_hint(field: str, title: str) -> alt.Tooltip:
    """Give a time under the mouse."""
    import altair as alt

    return alt.Tooltip(
        f"{field}:T",
        title=f"{title}, UTC",
        # Without this unit the browser's own zone would be shown.
        timeUnit="utcyearmonthdatehoursminutesseconds",
        format="%Y-%m-%d %H:%M:%S",
    )


def unit_of(metric: str) -> str:
    """Give the unit in which a column counts; nothing where it counts things."""
    return _UNITS.get(metric.removesuffix("_before"), "B" if "bytes" in metric else "")


def title_of(metric: str) -> str:
    """Give a column's name in words."""
    return "rate" if metric.startswith("bits_per_second") else metric.replace("_", " ")


def axis_label(metric: str) -> str:
    """Write an axis' numbers with three digits and a unit, in powers of 1000."""
    return f"replace(format(datum.value, '.3~s'), /([kMGTPE]?)$/, ' $1{unit_of(metric)}')"


def tooltip_format(metric: str) -> str:
    """Give the form of a number under the mouse."""
    return ".4~s" if unit_of(metric) else ",d"
