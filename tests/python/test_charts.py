"""The charts draw what the tables say, and are really drawn: rendered to SVG and read there."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import vl_convert

import vnetflow as vf
from vnetflow.chart.style import ALLOWED, DENIED, GREY

if TYPE_CHECKING:
    import altair as alt
    from conftest import Demo


def _rows(picture: alt.LayerChart, layer: int = 0) -> list[dict[str, Any]]:
    """The data of a layer."""
    spec = picture.to_dict()
    data = spec["layer"][layer].get("data") or spec["data"]
    return spec["datasets"][data["name"]] if "name" in data else data["values"]


def _texts(picture: alt.LayerChart) -> list[str]:
    """What is written in the picture."""
    svg = vl_convert.vegalite_to_svg(picture.to_dict())
    assert ": NaN" not in svg
    return re.findall(r"<text[^>]*>([^<]+)</text>", svg)


def test_a_timeline_has_a_bar_for_each_bucket(demo: Demo) -> None:
    table = vf.timeline(demo.folder, every="5m", vantage="once")
    picture = vf.chart.timeline(table)
    rows = _rows(picture)
    times = [time.timestamp() * 1000 for time in table["time"]]
    assert [row["time"] for row in rows] == times
    assert {row["until"] - row["time"] for row in rows} == {300_000}
    assert [row["to"] - row["from"] for row in rows] == table["bits_per_second"].to_list()
    encoding = picture.to_dict()["layer"][0]["encoding"]
    assert encoding["x"]["scale"]["type"] == "utc"
    texts = _texts(picture)
    assert {"UTC", "rate", "09:00", "10:00"} <= set(texts)
    assert any(re.fullmatch(r"\d+ kbit/s", text) for text in texts)


def test_keys_of_a_timeline_are_stacked_and_small_ones_summed_up(demo: Demo) -> None:
    table = vf.timeline(demo.folder, every="30m", by="src_ip")
    picture = vf.chart.timeline(table, metric="bytes", n=3)
    rows = pl.DataFrame(_rows(picture))
    biggest = table.group_by("src_ip").agg(pl.col("bytes").sum()).sort("bytes", descending=True)["src_ip"].head(3)
    assert set(rows["name"]) == {*biggest, "others"}
    assert rows.group_by("time").agg(pl.col("to").max()).sort("time")["to"].to_list() == (
        table.group_by("time").agg(pl.col("bytes").sum()).sort("time")["bytes"].to_list()
    )
    scale = picture.to_dict()["layer"][0]["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True))["others"] == GREY
    assert "others" in _texts(picture)


def test_verdicts_have_their_colours_and_an_edge(demo: Demo) -> None:
    picture = vf.chart.timeline(vf.timeline(demo.folder, every="30m", by="action"), metric="tuples")
    encoding = picture.to_dict()["layer"][0]["encoding"]
    assert encoding["color"]["scale"] == {"domain": ["allow", "deny"], "range": [ALLOWED, DENIED]}
    assert [one["value"] for one in encoding["stroke"]["condition"]] == ["black"]
    assert {"allow", "deny", "tuples"} <= set(_texts(picture))


def test_the_period_before_is_a_line(demo: Demo) -> None:
    picture = vf.chart.timeline(vf.timeline(demo.folder, every="10m", previous="30m"), metric="flows")
    assert [layer["mark"]["type"] for layer in picture.to_dict()["layer"]] == ["rect", "line"]
    assert "period before" in _texts(picture)


def test_a_gap_stays_a_gap() -> None:
    start = pl.datetime(2024, 5, 1, time_zone="UTC")
    tuples = vf.read(vf.example_log())
    late = tuples.with_columns(pl.col("time") + pl.duration(hours=3))
    table = vf.timeline(pl.concat([tuples, late]).with_columns(start.alias("record_time")), every="1h", spread=False)
    assert len(_rows(vf.chart.timeline(table, every="1h"))) == 2


def test_a_matrix_has_a_field_for_each_pair(demo: Demo) -> None:
    table = vf.matrix(demo.folder, groups=demo.folder / "groups.csv")
    picture = vf.chart.matrix(table)
    rows = _rows(picture)
    assert [(row["src_group"], row["dst_group"]) for row in rows] == table.select(
        pl.col("src_group", "dst_group").fill_null("others")
    ).rows()
    assert picture.to_dict()["layer"][0]["encoding"]["x"]["sort"][-1] == "others"
    texts = _texts(picture)
    assert {"from", "to", "others", *table["src_group"].drop_nulls()} <= set(texts)
    assert any(re.fullmatch(r"[\d.]+ MB", text) for text in texts)


def test_a_ranking_names_keys_and_others(demo: Demo) -> None:
    table = vf.top(demo.folder, by=["src_ip", "dst_port"], n=4)
    picture = vf.chart.top(table)
    texts = _texts(picture)
    for src_ip, port, share in table.head(4).select("src_ip", "dst_port", "share").rows():
        assert f"{src_ip} {port}" in texts
        assert any(text.endswith(f"· {100 * share:.1f} %") for text in texts)
    assert "others" in texts
    assert [row["name"] for row in _rows(picture)][-1] == "others"
    assert not any("%" in text for text in _texts(vf.chart.top(vf.top(demo.folder, metric="peers"), metric="peers")))


def test_conversations_are_cut_and_summed_up(demo: Demo) -> None:
    table = vf.conversations(demo.folder)
    rows = _rows(vf.chart.conversations(table, n=5))
    assert len(rows) == 6
    assert sum(row["bytes"] for row in rows) == table["bytes"].sum()
    assert rows[0]["name"].count(" → ") == 1
    assert rows[0]["name"].endswith(("/tcp", "/udp"))


def test_why_tells_verdicts_by_colour_and_shape(demo: Demo) -> None:
    answer = vf.why(demo.folder, src="10.1.2.20", dst="10.1.1.4", port=22)
    picture = vf.chart.why(answer)
    spec = picture.to_dict()
    assert len(_rows(picture)) == answer.height
    shapes = [layer["encoding"]["shape"]["scale"] for layer in spec["layer"] if "shape" in layer["encoding"]]
    assert shapes == [{"domain": ["allow", "deny"], "range": ["circle", "cross"]}] * 2
    texts = _texts(picture)
    assert any(text.startswith("nossh at ") for text in texts)
    assert any(text.endswith(" tries") for text in texts)


def test_sessions_are_drawn_to_their_end_or_to_the_last_time(demo: Demo) -> None:
    table = vf.sessions(demo.folder)
    rows = _rows(vf.chart.sessions(table, n=table.height))
    last = max(table["start"].max(), table["end"].max()).timestamp() * 1000
    open_ends = {row["last_time"] for row in rows if row["kind"] == "open"}
    assert open_ends == {last}
    assert all(row["last_time"] == row["first_time"] for row in rows if row["kind"] == "denied")
    assert len(_rows(vf.chart.sessions(table, n=7))) == 7


@pytest.mark.parametrize("name", ["timeline", "matrix", "top", "conversations", "sessions"])
def test_an_answer_without_rows_is_an_empty_chart(name: str) -> None:
    nothing: pl.DataFrame = getattr(vf, name)(vf.example_log(), filter="port 1")
    _texts(getattr(vf.chart, name)(nothing))


WRONG = [
    (lambda: vf.chart.timeline(vf.top(vf.example_log())), "expected the table that `timeline` returns"),
    (lambda: vf.chart.matrix(vf.summary(vf.example_log())), "expected the table that `matrix` returns"),
    (lambda: vf.chart.top(vf.top(vf.example_log()), metric="byte"), "unknown metric `byte`: did you mean `bytes`?"),
    (lambda: vf.chart.timeline(vf.timeline(vf.example_log()), n=8), "expected 1 to 7 in `n`, found `8`"),
    (lambda: vf.chart.why(vf.denied(vf.example_log())), "expected the table that `why` returns"),
]


@pytest.mark.parametrize(("draw", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_table_is_told(draw: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        draw()


def test_too_many_marks_are_an_error() -> None:
    times = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 2, 1), "1m", time_zone="UTC", eager=True)
    table = pl.DataFrame({"time": times, "tuples": pl.Series([1] * len(times), dtype=pl.UInt64)})
    with pytest.raises(ValueError, match="can't draw 44,641 marks: make the table with fewer rows"):
        vf.chart.timeline(table, metric="tuples")


def test_without_altair_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(ImportError, match=re.escape("charts need Altair: `pip install 'vnetflow[charts]'`")):
        vf.chart.top(vf.top(vf.example_log()))
