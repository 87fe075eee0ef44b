"""The shared keyword arguments: each keeps what it says, and a wrong one says what is right."""

from __future__ import annotations

import json
import re
import warnings
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import polars as pl
import pytest

import vnetflow as vf
from vnetflow import _core

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Demo

NINE = datetime(2024, 5, 1, 9, 30, tzinfo=timezone.utc)
BROKEN = vf.example_log().replace(b"10.1.2.20,10.1.1.21,50000,8080,6,I,C", b"10.1.2.20,nowhere,50000,8080,6,I,C")


@pytest.mark.parametrize(
    "start",
    [
        NINE,
        NINE.replace(tzinfo=None),
        NINE.astimezone(timezone(timedelta(hours=2))),
        "2024-05-01T09:30",
        "2024-05-01 09:30:00Z",
        "2024-05-01T11:30:00.000+02:00",
        "2024-05-01T11:30:00.0000000+0200",
    ],
)
def test_start_takes_times_in_every_form(demo: Demo, start: datetime | str) -> None:
    assert vf.read(demo.folder, start=start).equals(demo.tuples.filter(pl.col("time") >= NINE))


@pytest.mark.parametrize("day", ["2024-05-01", date(2024, 5, 1)])
def test_a_date_is_its_midnight(demo: Demo, day: date | str) -> None:
    assert vf.read(demo.folder, start=day).equals(demo.tuples)
    assert vf.read(demo.folder, end=day).is_empty()


def test_end_is_left_out(demo: Demo) -> None:
    time = demo.tuples["time"].sort()[1000]
    before, after = vf.read(demo.folder, end=time), vf.read(demo.folder, start=time)
    assert before["time"].max() < time
    assert after["time"].min() == time
    assert before.height + after.height == demo.tuples.height


def test_a_file_is_only_skipped_where_it_can_not_matter(demo: Demo) -> None:
    ten = datetime(2024, 5, 1, 10, tzinfo=timezone.utc)
    late = demo.tuples.filter((pl.col("time") < ten) & (pl.col("record_time") >= ten))
    assert late.height > 0, "the demo has tuples that stand in the next hour's file"
    assert vf.read(demo.folder, end=ten).equals(demo.tuples.filter(pl.col("time") < ten))
    assert vf.summary(demo.folder, end="2024-05-01T09:30")["files"].item() < len(demo.files())


def test_mac_takes_one_or_several_in_any_spelling(demo: Demo) -> None:
    macs = demo.tuples["mac"].cast(pl.String).unique().sort().to_list()
    plain = pl.col("mac").cast(pl.String)
    spelt = ":".join(macs[0][at : at + 2] for at in range(0, 12, 2)).lower()
    assert vf.read(demo.folder, mac=spelt).equals(demo.tuples.filter(plain == macs[0]))
    assert vf.read(demo.folder, mac=macs[:3]).equals(demo.tuples.filter(plain.is_in(macs[:3])))
    assert vf.read(demo.tuples, mac=macs[0]).equals(demo.tuples.filter(plain == macs[0]))


def test_groups_take_every_form(demo: Demo, tmp_path: Path) -> None:
    expected = demo.tuples.filter(pl.col("src_ip").str.starts_with("10.1.1."))
    csv, js = tmp_path / "groups.csv", tmp_path / "groups.json"
    csv.write_text("cidr,name\n10.1.1.0/24,web\n10.1.2.0/24,other\n")
    js.write_text(json.dumps({"web": ["10.1.1.0/25", "10.1.1.128/25"]}))
    for groups in (
        csv,
        str(js),
        {"web": "10.1.1.0/24"},
        {"web": ["10.1.1.0/25", "10.1.1.128/25"]},
        {"10.1.1.0/24": "web"},
        vf.Groups.from_pairs([("10.1.1.0/24", "web")]),
    ):
        assert vf.read(demo.folder, filter="src group web", groups=groups).equals(expected)


def test_duplicates() -> None:
    log = vf.example_log()
    twice = log.replace(b'{"records":[', b"").removesuffix(b"]}")
    repeated = b'{"records":[' + twice + b"," + twice + b"]}"
    assert vf.read(repeated).height == 8
    assert vf.read(repeated, duplicates="keep").height == 8
    assert vf.read(repeated, duplicates="drop").equals(vf.read(log))
    assert vf.read([log, log, log], duplicates="drop").equals(vf.read(log))
    assert vf.scan([log, log], duplicates="drop").collect().equals(vf.read(log))
    assert vf.summary([log, log])["repeated_records"].item() == 1
    assert vf.summary([log, log], duplicates="drop")["tuples"].item() == 4
    assert vf.top([log, log], duplicates="drop")["tuples"].sum() == 4


def test_identical_tuples_inside_one_record_always_stay() -> None:
    log = vf.example_log()
    line = b'"1714554042000,203.0.113.9,10.1.1.21,40000,22,6,I,D,NX,0,0,0,0"'
    assert vf.read(log.replace(line, line + b"," + line), duplicates="drop").height == 5


FUNCTIONS = [vf.read, lambda *args, **options: vf.scan(*args, **options).collect(), vf.summary, vf.top]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_issues_warn_and_the_warning_names_the_users_line(function) -> None:
    with pytest.warns(vf.IssueWarning) as caught:
        function(BROKEN)
    (warning,) = caught
    text = str(warning.message)
    assert text.startswith("1 issue in 1 file (1 bad_tuple), 1 tuple lost\n  <bytes>: byte ")
    assert "record 0, tuple 1: expected an IP address" in text
    assert text.endswith("`vnetflow.issues(source)` lists all")
    assert warning.message.issues.equals(vf.issues(BROKEN))
    if function in (vf.read, vf.summary, vf.top):
        assert warning.filename == __file__


@pytest.mark.parametrize("function", FUNCTIONS)
def test_issues_raise_on_request(function) -> None:
    with pytest.raises(vf.IssueError, match="1 issue in 1 file") as caught:
        function(BROKEN, on_issue="raise")
    assert isinstance(caught.value, ValueError)
    assert caught.value.issues.equals(vf.issues(BROKEN))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_issues_can_be_ignored(function) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        function(BROKEN, on_issue="ignore")


def test_a_warning_about_very_many_issues_stays_short() -> None:
    line = b'"1714554042000,203.0.113.9,10.1.1.21,40000,22,6,I,D,NX,0,0,0,0"'
    log = vf.example_log().replace(line, b",".join([b'"nonsense"'] * 3000))
    with pytest.warns(vf.IssueWarning) as caught:
        assert vf.read(log).height == 3
    text = str(caught[0].message)
    assert text.startswith("3000 issues in 1 file (2000 more, 1000 bad_tuple), 3000 tuples lost\n")
    assert len(text.splitlines()) <= 6
    listed = vf.issues(log)
    assert listed.height == 1001
    assert listed["kind"][-1] == "more"
    assert listed["skipped"].sum() == 3000
    assert vf.summary(log, on_issue="ignore")["issues"].item() == 3000


def test_progress_draws_only_when_asked_or_looked_at(demo: Demo, capfd: pytest.CaptureFixture[str]) -> None:
    many = [demo.folder] * 150
    vf.summary(many)
    vf.summary(many, progress=False)
    assert capfd.readouterr().err == ""
    vf.summary(many, progress=True)
    err = capfd.readouterr().err
    assert "reading" in err
    assert "tuples" in err


def test_progress_goes_on_in_a_second_pass(demo: Demo) -> None:
    seen: list[int] = []
    opened = _core.Source([str(demo.folder)] * 150)
    options = _core.Options(once=True, on_tick=lambda read, _tuples, _issues: seen.append(read))
    _core.analyse(opened, options, "summary", {})
    total = opened.total_bytes() or 0
    assert seen == sorted(seen)
    assert total < seen[-1] <= 2 * total


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": "src_pi"}, "unknown column `src_pi`: did you mean `src_ip`?"),
        ({"columns": ["time", "time"]}, "column `time` is asked for twice"),
        ({"columns": []}, "no columns asked for"),
        ({"ip": "strings"}, "unknown form of `ip` `strings`: did you mean `string`?"),
        ({"duplicates": "dorp"}, "unknown value of `duplicates` `dorp`: did you mean `drop`?"),
        ({"on_issue": "rise"}, "unknown value of `on_issue` `rise`: did you mean `raise`?"),
        ({"progress": "yes"}, "expected True, False or None in `progress`"),
        ({"start": "yesterday"}, "expected an ISO time such as `2024-05-01`"),
        ({"start": "2024-13-01"}, "expected an ISO time such as `2024-05-01`"),
        ({"start": "2024-05-02", "end": "2024-05-01"}, "does not lie before"),
        ({"mac": "00224871C20"}, "expected 12 hexadecimal digits"),
        ({"mac": []}, "no NIC in `mac`"),
        ({"groups": {"web": "10.1.1.0/33"}}, "10.1.1.0/33"),
        ({"groups": {"10.1.1.0/24": "a", "10.1.1.0/24 ": "b"}}, "10.1.1.0/24"),
    ],
)
@pytest.mark.parametrize("function", [vf.read, vf.scan])
def test_a_wrong_argument_says_what_is_right(function, options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        function(vf.example_log(), **options)
    message = str(caught.value)
    assert "\n" not in message
    assert not message.endswith(".")


def test_arguments_of_another_kind_say_so() -> None:
    with pytest.raises(TypeError, match=r"use Polars' own `\.filter"):
        vf.read(vf.example_log(), filter=pl.col("action") == "deny")
    with pytest.raises(TypeError, match="expected a datetime, a date or text in `start`"):
        vf.read(vf.example_log(), start=1714554000000)
    with pytest.raises(TypeError, match="expected a file, a dict"):
        vf.read(vf.example_log(), groups=3)
    with pytest.raises(FileNotFoundError, match=r"`nowhere\.csv` does not exist"):
        vf.read(vf.example_log(), groups="nowhere.csv")


def test_how_something_is_read_and_counted_needs_its_name() -> None:
    for function in (vf.issues, vf.summary, vf.top):
        with pytest.raises(TypeError):
            function(vf.example_log(), "denied")


def test_what_a_question_is_about_may_stand_without_its_name(demo: Demo) -> None:
    logs = demo.folder
    assert vf.read(logs, ["src_ip"]).columns == ["src_ip"]
    assert vf.scan(logs, "dst_port").collect_schema().names() == ["dst_port"]
    assert vf.why(logs, "10.1.2.20", "10.1.1.4", 22).equals(vf.why(logs, src="10.1.2.20", dst="10.1.1.4", port=22))
    assert vf.host(logs, "10.1.2.20")["summary"].equals(vf.host(logs, ip="10.1.2.20")["summary"])
    assert vf.diff(logs, logs).equals(vf.diff(logs, after=logs))
    policy = {"groups": {"hub": ["10.1.0.0/24"]}, "allow": []}
    assert vf.check(logs, policy).equals(vf.check(logs, policy=policy))
