"""Charts of what lasts: sessions, and the verdicts between two addresses, each from its first to its last time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow.chart.style import ALLOWED, COLOURS, DENIED, WIDTH, altair_module, check_columns, inline, time_hint, utc

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

_LINE = 24
_MARGIN = 12
_STATUS = {"ended": ALLOWED, "open": COLOURS[4], "started_before": COLOURS[1], "denied": DENIED}
_STATUS_SHAPES = {"ended": "circle", "open": "triangle-right", "started_before": "triangle-left", "denied": "cross"}
_VERDICTS = {"allow": ALLOWED, "deny": DENIED}
_VERDICT_SHAPES = {"allow": "circle", "deny": "cross"}


def why(table: pl.DataFrame) -> alt.LayerChart:
    """Draw which rule of which NIC gave which verdict when.

    Parameters
    ----------
    table
        What `vnetflow.why` returned.

    Returns
    -------
    altair.LayerChart
        A line for each rule at each NIC, from the first to the last try of each stretch, with the number of tries.

    Raises
    ------
    ValueError
        Where the table is another analysis' answer.
    ImportError
        Where Altair is not installed.

    Examples
    --------
    >>> import vnetflow as vf
    >>> answer = vf.why(vf.example_log(), src="203.0.113.9", dst="10.1.1.21", port=22)
    >>> vf.chart.why(answer).to_dict()["layer"][0]["encoding"]["y"]["field"]
    'name'
    """
    altair_module()
    import altair as alt
    import polars as pl

    check_columns(table, ["mac", "direction", "rule", "verdict", "first_time", "last_time", "tries"], "why")
    rule = pl.col("rule").cast(pl.String).fill_null("no rule")
    name = pl.format("{} at {}, {}", rule, pl.col("mac").cast(pl.String).fill_null("?"), pl.col("direction"))
    tries = pl.format("{} tries", "tries").replace("1 tries", "1 try").alias("amount")
    rows = table.select(
        name.alias("name"), pl.col("verdict").cast(pl.String).alias("kind"), "first_time", "last_time", tries
    )
    spans = _spans(rows, "verdict", _VERDICTS, _VERDICT_SHAPES)
    texts = (
        alt.Chart(inline(rows))
        .mark_text(align="left", dy=-9)
        .encode(utc("first_time", padding=_MARGIN), alt.Y("name:N"), text="amount:N")
    )
    return alt.layer(*spans, texts).properties(width=WIDTH, height=2 * _LINE * max(rows["name"].n_unique(), 1))


def sessions(table: pl.DataFrame, *, n: int = 40) -> alt.LayerChart:
    """Draw sessions from begin to end.

    Parameters
    ----------
    table
        What `vnetflow.sessions` returned, or some of its rows.
    n
        How many, the longest ones. Default: 40.

    Returns
    -------
    altair.LayerChart
        A line for each conversation and NIC. A session without an end is drawn to the last time in the table.

    Raises
    ------
    ValueError
        Where the table is another analysis' answer.
    ImportError
        Where Altair is not installed.

    Examples
    --------
    >>> import vnetflow as vf
    >>> picture = vf.chart.sessions(vf.sessions(vf.example_log()))
    >>> len(picture.to_dict()["layer"])
    3
    """
    altair_module()
    import altair as alt
    import polars as pl

    check_columns(table, ["src_ip", "dst_ip", "dst_port", "start", "end", "status"], "sessions")
    if n < 1:
        raise ValueError(f"expected at least 1 in `n`, found `{n}`")
    ends = pl.col("end").fill_null(
        pl.when(pl.col("status") == "denied")
        .then("start")
        .otherwise(pl.max_horizontal(pl.col("start").max(), pl.col("end").max()))
    )
    name = pl.format("{} → {}:{}", "src_ip", "dst_ip", "dst_port")
    rows = table.select(
        name.alias("name"),
        pl.col("status").cast(pl.String).alias("kind"),
        pl.col("start").alias("first_time"),
        ends.alias("last_time"),
    )
    length = (pl.col("last_time") - pl.col("first_time")).alias("length")
    rows = rows.with_columns(length).sort("length", descending=True, maintain_order=True).head(n).drop("length")
    spans = _spans(rows, "status", _STATUS, _STATUS_SHAPES)
    return alt.layer(*spans).properties(width=WIDTH, height=_LINE * max(rows["name"].n_unique(), 1))


def _spans(rows: pl.DataFrame, title: str, colours: dict[str, str], shapes: dict[str, str]) -> list[alt.Chart]:
    """Draw lines from `first_time` to `last_time` with a mark at both ends, by `kind`."""
    import altair as alt

    found = set(rows["kind"])
    domain = [kind for kind in colours if kind in found]
    order = rows.sort("first_time", maintain_order=True)["name"].unique(maintain_order=True).to_list()
    colour = alt.Color("kind:N", title=title, scale=alt.Scale(domain=domain, range=[colours[kind] for kind in domain]))
    shape = alt.Shape("kind:N", title=title, scale=alt.Scale(domain=domain, range=[shapes[kind] for kind in domain]))
    place = alt.Y("name:N", title=None, sort=order, axis=alt.Axis(labelLimit=360, grid=True))
    hints = [
        alt.Tooltip("name:N"),
        alt.Tooltip("kind:N", title=title),
        time_hint("first_time", "first time"),
        time_hint("last_time", "last time"),
    ]
    base = alt.Chart(inline(rows)).encode(place, colour, tooltip=hints)
    lines = base.mark_rule(strokeWidth=3).encode(utc("first_time", padding=_MARGIN), alt.X2("last_time:T"))
    marks = [
        base.mark_point(filled=True, opacity=1, size=60).encode(utc(end, padding=_MARGIN), shape)
        for end in ("first_time", "last_time")
    ]
    return [lines, *marks]
