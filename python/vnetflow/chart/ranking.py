"""Charts of who is biggest: a bar for each key, with its amount and its share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow.chart.style import (
    COLOURS,
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
    title_of,
    unit_of,
)
from vnetflow.units import size_text

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

_BAR = 22


def top(table: pl.DataFrame, *, metric: str = "bytes") -> alt.LayerChart:
    """Draw who is biggest.

    Parameters
    ----------
    table
        What `vnetflow.top` returned.
    metric
        The counter to draw: the one by which the table was made. Default: `"bytes"`.

    Returns
    -------
    altair.LayerChart
        The keys in the order of the table, the others in grey.

    Raises
    ------
    ValueError
        Where the table has no keys and counters, or no such metric.
    ImportError
        Where Altair is not installed.

    Examples
    --------
    >>> import vnetflow as vf
    >>> picture = vf.chart.top(vf.top(vf.example_log(), by="src_ip"))
    >>> [layer["mark"]["type"] for layer in picture.to_dict()["layer"]]
    ['bar', 'text']
    """
    altair_module()
    check_columns(table, ["tuples"], "top")
    check_metric(table, metric, "top")
    return _bars(table, metric)


def conversations(table: pl.DataFrame, *, metric: str = "bytes", n: int = 10) -> alt.LayerChart:
    """Draw the biggest conversations.

    Parameters
    ----------
    table
        What `vnetflow.conversations` returned.
    metric
        The counter to draw. Default: `"bytes"`.
    n
        How many; the smaller ones are summed up as `others`. Default: 10.

    Returns
    -------
    altair.LayerChart
        As `top` draws it.

    Raises
    ------
    ValueError
        Where the table is not one of conversations, or has no such metric.
    ImportError
        Where Altair is not installed.

    Examples
    --------
    >>> import vnetflow as vf
    >>> picture = vf.chart.conversations(vf.conversations(vf.example_log()))
    >>> picture.to_dict()["layer"][0]["encoding"]["y"]["sort"][0]
    '10.1.2.20 → 10.1.1.21 8080/tcp'
    """
    altair_module()
    import polars as pl

    check_columns(table, ["src_ip", "dst_ip", "dst_port", "protocol", "tuples"], "conversations")
    check_metric(table, metric, "conversations")
    if n < 1:
        raise ValueError(f"expected at least 1 in `n`, found `{n}`")
    keys = keys_of(table)
    ordered = table.sort(metric, descending=True, nulls_last=True, maintain_order=True).select(*keys, "tuples", metric)
    rest = ordered.slice(n)
    if not rest.is_empty():
        nothing = [pl.lit(None, dtype=table.schema[key]).alias(key) for key in keys]
        ordered = pl.concat([ordered.head(n), rest.select(*nothing, pl.col("tuples").sum(), pl.col(metric).sum())])
    return _bars(ordered, metric)


def _bars(table: pl.DataFrame, metric: str) -> alt.LayerChart:
    import altair as alt
    import polars as pl

    named = named_rows(table, keys_of(table)).drop_nulls(metric)
    whole = named[metric].sum()
    # Peers of several keys overlap, so they have no share.
    has_share = metric != "peers" and whole > 0
    amounts = [
        size_text(value, unit_of(metric)).strip() + (f" · {100 * value / whole:.1f} %" if has_share else "")
        for value in named[metric]
    ]
    rows = named.select("name", metric, pl.Series("amount", amounts, dtype=pl.String))
    order = rows["name"].to_list()
    base = alt.Chart(inline(rows)).encode(
        alt.X(
            f"{metric}:Q",
            title=title_of(metric),
            axis=alt.Axis(labelExpr=axis_label(metric), tickMinStep=1, grid=False),
            # Room for the amount behind the longest bar.
            scale=alt.Scale(domain=[0, 1.2 * max([*named[metric], 1])], nice=False),
        ),
        alt.Y("name:N", title=None, sort=order, axis=alt.Axis(labelLimit=320)),
        tooltip=["name:N", alt.Tooltip("amount:N", title=title_of(metric))],
    )
    is_rest = alt.datum.name == OTHERS
    colour = alt.when(is_rest).then(alt.value(GREY)).otherwise(alt.value(COLOURS[0]))
    bars = base.mark_bar().encode(color=colour)
    texts = base.mark_text(align="left", dx=4).encode(text="amount:N")
    return alt.layer(bars, texts).properties(width=WIDTH, height=_BAR * max(len(order), 1))
