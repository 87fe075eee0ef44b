"""The chart of a matrix: a field for each pair of groups, darker the more passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow.chart.style import (
    OTHERS,
    altair_module,
    axis_label,
    check_columns,
    check_metric,
    inline,
    title_of,
    unit_of,
)
from vnetflow.units import size_text

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

_FIELD = 76
"""Width of a field; its height is half of it."""


def matrix(table: pl.DataFrame, *, metric: str = "bytes") -> alt.LayerChart:
    """Draw which group talks to which.

    Parameters
    ----------
    table
        What `vnetflow.matrix` returned.
    metric
        The counter to draw. Default: `"bytes"`.

    Returns
    -------
    altair.LayerChart
        Sources from above to below and destinations from left to right, the biggest first. Pairs without traffic are
        blank, and pairs whose counter was not logged are marked `–`.

    Raises
    ------
    ValueError
        Where the table is not a matrix, or has no such metric.
    ImportError
        Where Altair is not installed.

    Examples
    --------
    >>> import vnetflow as vf
    >>> picture = vf.chart.matrix(vf.matrix(vf.example_log()))
    >>> [layer["mark"]["type"] for layer in picture.to_dict()["layer"]]
    ['rect', 'text']
    """
    altair_module()
    import altair as alt
    import polars as pl

    check_columns(table, ["src_group", "dst_group"], "matrix")
    check_metric(table, metric, "matrix")
    groups = pl.col("src_group", "dst_group").cast(pl.String).fill_null(OTHERS)
    amounts = [size_text(value, unit_of(metric)).strip() for value in table[metric]]
    biggest = table[metric].cast(pl.Float64).max()
    # Where the field is dark the number is light.
    is_dark = (pl.col(metric).cast(pl.Float64).sqrt() > 0.55 * pl.lit(biggest, dtype=pl.Float64).sqrt()).fill_null(
        value=False
    )
    named = table.select(groups, metric, pl.Series("amount", amounts), is_dark.alias("is_dark"))
    sources, targets = (_by_size(named, end, metric) for end in ("src_group", "dst_group"))
    base = alt.Chart(inline(named)).encode(
        alt.X("dst_group:N", title="to", sort=targets, axis=alt.Axis(orient="top", labelAngle=0, labelLimit=_FIELD)),
        alt.Y("src_group:N", title="from", sort=sources),
        tooltip=["src_group:N", "dst_group:N", alt.Tooltip("amount:N", title=title_of(metric))],
    )
    colour = alt.Color(
        f"{metric}:Q",
        title=title_of(metric),
        # Volumes differ by orders of magnitude: by their root the small ones can be seen too.
        scale=alt.Scale(type="sqrt", scheme="blues", domainMin=0),
        legend=None if biggest is None else alt.Legend(labelExpr=axis_label(metric)),
    )
    text = alt.when(alt.datum.is_dark).then(alt.value("white")).otherwise(alt.value("black"))
    fields, numbers = base.mark_rect().encode(colour), base.mark_text(fontSize=11).encode(text="amount:N", color=text)
    return alt.layer(fields, numbers).properties(width=_FIELD * len(targets), height=_FIELD // 2 * len(sources))


def _by_size(table: pl.DataFrame, end: str, metric: str) -> list[str]:
    import polars as pl

    totals = table.group_by(end).agg(pl.col(metric).sum()).sort(metric, end, descending=[True, False])
    names = [name for name in totals[end].to_list() if name != OTHERS]
    return [*names, *([OTHERS] if len(names) < totals.height else [])]
