"""What the viewer is handed: files by the package's own search, streams, tuples as a log; and who gets them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

import vnetflow as vf
from vnetflow import serving, viewer_files
from vnetflow.log_text import log_text
from vnetflow.sources import origin_of
from vnetflow.viewer_files import files_of
from vnetflow.widget import Channel

if TYPE_CHECKING:
    from conftest import Demo, Run

CORPUS = sorted(path for path in (Path(__file__).parents[1] / "corpus").glob("*/input*") if path.is_file())


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page in place of the built one, which needs Node; the browser tests take the real one."""
    folder = tmp_path / "viewer_site"
    folder.mkdir()
    (folder / "index.html").write_text("<title>a page</title>")
    for module in (serving, viewer_files):
        monkeypatch.setattr(module, "SITE", folder)
    return folder


def _got(url: str, path: str = "", **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url + path, headers=headers), timeout=20) as response:
        content: bytes = response.read()
    return content


def _status(url: str, path: str = "", **headers: str) -> int:
    try:
        _got(url, path, **headers)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.parent.name)
def test_tuples_written_as_a_log_are_read_as_the_same_tuples(path: Path) -> None:
    try:
        tuples = vf.read(path, on_issue="ignore")
    except vf.InputError:
        return
    # A log of the seventies can't be told from one in seconds.
    tuples = tuples.filter(pl.col("time").dt.year() > 1973)
    if not tuples.is_empty():
        text = b"".join(log_text(origin_of(tuples).tuples))
        assert vf.read(text, on_issue="raise").equals(tuples)


def test_a_frame_with_the_fewest_columns_is_written_too(demo: Demo) -> None:
    fewest = demo.tuples.select(
        "time", "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "direction", "action", "bytes_src_to_dst"
    )
    again = vf.read(b"".join(log_text(origin_of(fewest).tuples)), on_issue="raise")
    assert again["action"].to_list() == fewest["action"].to_list()
    kept = ["tuples", "flows", "denied", "bytes_src_to_dst"]
    assert vf.summary(again).select(kept).equals(vf.summary(fewest).select(kept))


def test_the_list_holds_what_the_search_finds_and_what_is_named(demo: Demo) -> None:
    files = files_of(demo.folder, groups=demo.folder / "groups.csv", nsg={"name": "x"}, policy='{"rules": []}')
    logs = [str(path) for path in demo.files()]
    assert [file.name for file in files] == [str(demo.folder / "groups.csv"), "nsg.json", "policy.json", *logs]
    assert b"".join(files[-1].open()) == Path(logs[-1]).read_bytes()
    with pytest.raises(FileNotFoundError):
        files_of(demo.folder / "nothing.json")


def test_streams_bytes_and_frames_can_be_loaded_twice(demo: Demo) -> None:
    raw = demo.files()[0].read_bytes()
    expected = vf.read(raw)
    packed = gzip.compress(raw)
    for source in (raw, io.BytesIO(raw), io.BytesIO(packed), expected, expected.lazy()):
        (file,) = files_of(source)
        for _ in range(2):
            content = b"".join(file.open())
            assert vf.read(content).drop("record_time").equals(expected.drop("record_time")), file.name
    named = [("10.1.0.0/16", 'the "first" spoke'), ("10.2.0.0/16", "spoke, other")]
    for groups in (dict(named), vf.Groups.from_pairs(named)):
        (file,) = files_of(raw, groups=groups)[:1]
        rows = csv.reader(b"".join(file.open()).decode().splitlines())
        assert list(rows) == [["cidr", "name"], *map(list, named)]


@pytest.mark.usefixtures("site")
def test_a_file_is_sent_from_disk_to_who_knows_the_address(demo: Demo) -> None:
    with vf.view(demo.folder, browser=False) as viewer:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", viewer.url)
        assert b"a page" in _got(viewer.url)
        listed = json.loads(_got(viewer.url, "files.json"))
        assert [file["name"] for file in listed] == [str(path) for path in demo.files()]
        assert _got(viewer.url, listed[1]["url"].removeprefix("./")) == demo.files()[1].read_bytes()
        origin = viewer.url[: -len("/" + "x" * 32 + "/")]
        for path in ("/files.json", "/index.html", "/" + "x" * 32 + "/files.json"):
            assert _status(origin, path) == 404
        for path in (
            "../serving.py",
            "%2e%2e/serving.py",
            "files/-1",
            "files/99",
            "files/../../x",
            str(demo.files()[0]),
        ):
            assert _status(viewer.url, path) == 404
        assert _status(viewer.url, "files/0", Host="rebound.example") == 403
        assert _status(viewer.url, "files/0", **{"Sec-Fetch-Site": "cross-site"}) == 403
    with pytest.raises(urllib.error.URLError):
        _got(viewer.url)


@pytest.mark.usefixtures("site")
def test_a_file_that_went_away_is_said_to_be(demo: Demo, tmp_path: Path) -> None:
    log = tmp_path / "log.json"
    log.write_bytes(demo.files()[0].read_bytes())
    with vf.view(log, browser=False) as viewer:
        log.unlink()
        assert _status(viewer.url, "files/0") == 410


@pytest.mark.usefixtures("site")
def test_a_port_in_use_is_named(demo: Demo) -> None:
    with (
        vf.view(demo.folder, browser=False) as viewer,
        pytest.raises(OSError, match=rf"can't listen on port {viewer.port}: address already in use; choose another"),
    ):
        vf.view(demo.folder, browser=False, port=viewer.port)


def test_without_the_built_page_the_command_says_what_to_do(
    run: Run, demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer_files, "SITE", tmp_path)
    result = run("view", demo.folder, "--no-browser")
    assert result.returncode == 2
    reason = "the viewer is not in this installation"
    advice = "build it with `make viewer` in the source, or install a wheel"
    assert result.stderr == f"vnetflow: {reason}: {advice}\n"


def test_a_large_file_is_never_held_whole(tmp_path: Path) -> None:
    log = tmp_path / "large.json"
    with log.open("wb") as file:
        file.truncate(400_000_000)
    code = f"""
import resource, urllib.request, vnetflow.serving as serving, vnetflow.viewer_files as viewer_files, pathlib
site = pathlib.Path({str(tmp_path)!r}) / "site"
site.mkdir()
(site / "index.html").write_text("")
serving.SITE = viewer_files.SITE = site
with serving.view({str(log)!r}, browser=False) as viewer, urllib.request.urlopen(viewer.url + "files/0") as answer:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = 0
    while piece := answer.read(1 << 16):
        read += len(piece)
    print(read, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    read, grown_mib = map(int, output.split())
    assert read == 400_000_000
    assert grown_mib < 30


@pytest.fixture
def channel(site: Path, demo: Demo) -> Channel:
    (site / "single.html").write_text("<title>one page</title>")
    return Channel(site / "single.html", files_of(demo.folder), "denied")


def _pieces(channel: Channel, file: int, view: str = "a view") -> list[bytes]:
    pieces: list[bytes] = []
    while True:
        answer, buffers = channel.answer({"id": 1, "want": "piece", "view": view, "file": file})
        assert answer == {"id": 1}
        if not buffers:
            return pieces
        pieces += buffers


def test_a_notebook_is_handed_the_page_the_names_and_packed_files(channel: Channel, demo: Demo) -> None:
    answer, (page,) = channel.answer({"id": "x", "want": "page"})
    assert (answer, gzip.decompress(page)) == ({"id": "x"}, b"<title>one page</title>")
    names = [str(path) for path in demo.files()]
    assert channel.answer({"id": 2, "want": "names"})[0] == {"id": 2, "names": names, "filter": "denied"}
    for _ in range(2):
        sent = b"".join(_pieces(channel, 1))
        raw = demo.files()[1].read_bytes()
        assert gzip.decompress(sent) == raw
        assert len(sent) < len(raw) / 3


def test_two_views_of_a_widget_read_on_their_own(channel: Channel, demo: Demo) -> None:
    channel.answer({"id": 1, "want": "piece", "view": "another", "file": 0})
    assert gzip.decompress(b"".join(_pieces(channel, 0))) == demo.files()[0].read_bytes()


def test_what_fails_in_the_kernel_is_told_in_the_page(channel: Channel) -> None:
    answer, buffers = channel.answer({"id": 3, "want": "piece", "view": "a view", "file": 99})
    assert answer["id"] == 3
    assert "range" in answer["error"]
    assert buffers == []


def test_messages_stay_small_and_packed_files_go_as_they_are(site: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.json.gz"
    log.write_bytes(b"\x1f\x8b" + os.urandom(5_000_000))
    pieces = _pieces(Channel(site, files_of(log), None), 0)
    assert b"".join(pieces) == log.read_bytes()
    assert max(map(len, pieces)) < 2_100_000


@pytest.mark.usefixtures("site")
def test_the_widget_has_its_script_and_its_height(site: Path, demo: Demo) -> None:
    (site / "single.html").write_text("")
    shown = vf.widget(demo.tuples, height=500)
    assert shown.trait_values()["height"] == 500
    assert "export default" in shown.trait_values()["_esm"]
