"""The chart of a timeline: a bar for each bucket, as high as what passed in it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from vnetflow.chart.style import (
    ALLOWED,
    COLOURS,
    DENIED,
    GREY,
    OTHERS,
    WIDTH,
    altair_module,
    axis_label,
    check_columns,
    check_metric,
    inline,
    keys_of,
    named_rows,
    time_hint,
    title_of,
    tooltip_format,
    utc,
)
from vnetflow.durations import duration_ms

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from vnetflow.durations import Duration

_HEIGHT = 240
_VERDICTS = {"allow": ALLOWED, "deny": DENIED}
_BEFORE = "period before"


def timeline(
    table: pl.DataFrame, *, metric: str = "bits_per_second", n: int = 6, every: Duration | None = None
) -> alt.LayerChart:
    """Draw how much there was when.

    Parameters
    ----------
    table
        What `vnetflow.timeline` returned. Its keys, if any, are stacked; a timeline with `previous` has the period
        before as a line.
    metric
        What to draw: `bits_per_second` or a counter. Default: `"bits_per_second"`.
    n
        How many keys get a colour; the smaller ones are summed up as `others`. Default: 6.
    every
        Length of a bucket. Default: the longest one that fits all times of the table.

    Returns
    -------
    altair.LayerChart
        Buckets without traffic are gaps.

    Raises
    ------
    ValueError
        Where the table is not a timeline, or has no such metric, or too many buckets to draw.
    ImportError
        Where Altair is not installed.

    Examples
    --------
    >>> import vnetflow as vf
    >>> picture = vf.chart.timeline(vf.timeline(vf.example_log(), every="1m"))
    >>> picture.to_dict()["layer"][0]["mark"]["type"]
    'rect'
    """
    altair_module()
    import altair as alt

    check_columns(table, ["time", "tuples"], "timeline")
    check_metric(table, metric, "timeline")
    if not 1 <= n <= len(COLOURS):
        raise ValueError(f"expected 1 to {len(COLOURS)} in `n`, found `{n}`")
    every_ms = _bucket_ms(table) if every is None else duration_ms(every, "every")
    keys = keys_of(table)
    rows = _buckets(table, keys, metric, n, every_ms)
    hints = [
        time_hint("time", "from"),
        alt.Tooltip(f"{metric}:Q", title=title_of(metric), format=tooltip_format(metric)),
    ]
    amount = alt.Y("to:Q", title=title_of(metric), axis=alt.Axis(labelExpr=axis_label(metric), tickMinStep=1))
    bars = (
        alt.Chart(inline(rows))
        .mark_rect(color=COLOURS[0])
        .encode(utc("time"), alt.X2("until:T"), amount, alt.Y2("from:Q"))
    )
    if keys:
        names = _order(table, keys, metric, n)
        colours = _colours(names, keys)
        domain = list(colours)
        shown = alt.Scale(domain=domain, range=list(colours.values()))
        is_denied = alt.datum.name == "deny"
        bars = bars.encode(
            alt.Color("name:N", title=" and ".join(keys).replace("_", " "), scale=shown, sort=domain),
            # What was denied has an edge, so that it is told by more than its colour.
            stroke=alt.when(is_denied).then(alt.value("black")).otherwise(alt.value(None)),
            strokeDash=alt.value([2, 2]),
            tooltip=[alt.Tooltip("name:N", title="key"), *hints],
        )
    else:
        bars = bars.encode(tooltip=hints)
    layers: list[alt.Chart] = [bars]
    if f"{metric}_before" in table.columns:
        line = alt.Chart(inline(_steps(table, metric, every_ms))).mark_line(
            interpolate="step-after", color="black", strokeDash=[4, 2], strokeWidth=1.5
        )
        layers.append(
            line.encode(
                utc("time"),
                alt.Y("value:Q", title=title_of(metric)),
                alt.StrokeDash("series:N", title=None, scale=alt.Scale(domain=[_BEFORE], range=[[4, 2]])),
            )
        )
    return alt.layer(*layers).properties(width=WIDTH, height=_HEIGHT)


def _bucket_ms(table: pl.DataFrame) -> int:
    """Give the longest bucket that fits all times: a minute where there is one time only."""
    times = table["time"].unique().sort().dt.epoch("ms").diff().drop_nulls()
    return math.gcd(*times.to_list()) or 60_000


def _order(table: pl.DataFrame, keys: list[str], metric: str, n: int) -> list[str]:
    """Names of the biggest keys, the biggest first, and `others` where there are more; verdicts have their order."""
    import polars as pl

    totals = named_rows(table, keys).group_by("name").agg(pl.col(metric).sum())
    totals = totals.sort(metric, "name", descending=[True, False])
    if keys == ["action"]:
        return [name for name in _VERDICTS if name in totals["name"]]
    names = [name for name in totals["name"].to_list() if name != OTHERS]
    has_rest = len(names) > n or totals.height > len(names)
    return names[:n] + ([OTHERS] if has_rest else [])


def _colours(names: list[str], keys: list[str]) -> dict[str, str]:
    if keys == ["action"]:
        return {name: _VERDICTS[name] for name in names}
    free = iter(COLOURS)
    return {name: GREY if name == OTHERS else next(free) for name in names}


def _buckets(table: pl.DataFrame, keys: list[str], metric: str, n: int, every_ms: int) -> pl.DataFrame:
    """Rows to draw, each from one height to another: what has no value is no row, and small keys are one."""
    import polars as pl

    until = (pl.col("time") + timedelta(milliseconds=every_ms)).alias("until")
    table = table.drop_nulls(metric)
    if keys:
        names = _order(table, keys, metric, n)
        known = pl.when(pl.col("name").is_in(names)).then("name").otherwise(pl.lit(OTHERS)).alias("name")
        summed = named_rows(table, keys).group_by("time", known).agg(pl.col(metric).sum())
        places = pl.col("name").replace_strict(names, range(len(names)), return_dtype=pl.Int64)
        rows = summed.sort("time", places)
    else:
        rows = table.select("time", metric)
    top = pl.col(metric).cum_sum().over("time")
    return rows.with_columns(until, (top - pl.col(metric)).alias("from"), top.alias("to"))


def _steps(table: pl.DataFrame, metric: str, every_ms: int) -> pl.DataFrame:
    """Give the period before as a line of steps, broken where it has no value."""
    import polars as pl

    before = table.drop_nulls(f"{metric}_before").group_by("time").agg(pl.col(f"{metric}_before").sum().alias("value"))
    ends = before.select((pl.col("time") + timedelta(milliseconds=every_ms)).alias("time"))
    gaps = ends.join(before, on="time", how="anti").with_columns(value=pl.lit(None, dtype=before.schema["value"]))
    return pl.concat([before, gaps]).sort("time").with_columns(series=pl.lit(_BEFORE))
