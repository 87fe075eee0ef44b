"""Whatever a user calls a source is read: files, folders, globs, archives, bytes, file objects, frames."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from conftest import Demo

LOG = vf.example_log()
ROWS = vf.read(LOG)


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "PT1H.json"
    path.write_bytes(LOG)
    return path


def test_a_path_as_text_and_as_path(log: Path) -> None:
    assert vf.read(str(log)).equals(ROWS)
    assert vf.read(log).equals(ROWS)


@pytest.mark.skipif(os.name != "posix", reason="names of files are text elsewhere")
def test_a_path_that_is_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.json")
    path.write_bytes(LOG)
    assert vf.read(path).equals(ROWS)
    assert vf.read(tmp_path).equals(ROWS)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="does not exist"):
        vf.read(path)


def test_a_path_in_the_home_folder(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(log.parent))
    assert vf.read("~/PT1H.json").equals(ROWS)


def test_a_relative_path(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(log.parent)
    assert vf.read("PT1H.json").equals(ROWS)
    assert vf.read(".").equals(ROWS)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes(kind: type) -> None:
    assert vf.read(kind(LOG)).equals(ROWS)


def test_file_objects(log: Path) -> None:
    with log.open("rb") as file:
        assert vf.read(file).equals(ROWS)
    assert vf.read(io.BytesIO(LOG)).equals(ROWS)
    assert vf.read(io.BytesIO(gzip.compress(LOG))).equals(ROWS)
    with gzip.open(io.BytesIO(gzip.compress(LOG))) as unpacked:
        assert vf.read(unpacked).equals(ROWS)


def test_a_file_object_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"skipped" + LOG)
    file.seek(7)
    lazy = vf.scan(file)
    assert lazy.collect().equals(ROWS)
    assert lazy.collect().equals(ROWS)


def test_a_pipe() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(LOG)
    with os.fdopen(reading, "rb") as file:
        assert vf.read(file).equals(ROWS)


def test_a_file_object_that_gives_little_at_a_time() -> None:
    class Slow:
        def __init__(self) -> None:
            self.file = io.BytesIO(LOG)

        def read(self, _size: int) -> bytes:
            return self.file.read(7)

    assert vf.read(Slow()).equals(ROWS)


def test_a_file_object_that_gives_more_than_asked_for() -> None:
    class Greedy:
        def __init__(self) -> None:
            self.pieces = [LOG * 1, b""]

        def read(self, _size: int) -> bytes:
            return self.pieces.pop(0)

    assert vf.read(Greedy()).equals(ROWS)


def test_a_file_object_that_fails_is_an_error_that_says_so() -> None:
    class Failing:
        def read(self, _size: int) -> bytes:
            raise OSError("the disk is on fire")

    with pytest.raises(vf.InputError, match="the disk is on fire"):
        vf.read(Failing())


def test_gzip_of_one_and_many_members_and_trailing_zeros(tmp_path: Path) -> None:
    cut = len(LOG) // 2
    one, many = gzip.compress(LOG), gzip.compress(LOG[:cut]) + gzip.compress(b"") + gzip.compress(LOG[cut:])
    for number, packed in enumerate([one, many, one + bytes(1000), many + bytes(3)]):
        path = tmp_path / f"{number}.json.gz"
        path.write_bytes(packed)
        assert vf.read(path).equals(ROWS)
        assert vf.read(packed).equals(ROWS)


def test_a_cut_off_gzip_keeps_what_came_before(tmp_path: Path) -> None:
    log = b"\n".join(LOG.replace(b"1714554", b"%d" % (1714554 + hour)) for hour in range(500))
    path = tmp_path / "PT1H.json.gz"
    path.write_bytes(gzip.compress(log)[:-2000])
    with pytest.warns(vf.IssueWarning, match="reading stopped"):
        rows = vf.read(path)
    assert 0 < rows.height < 2000
    assert rows.equals(vf.read(log).head(rows.height))


def test_text_behind_a_gzip_is_told_and_costs_nothing_before(tmp_path: Path) -> None:
    path = tmp_path / "PT1H.json.gz"
    path.write_bytes(gzip.compress(LOG) + b"text")
    assert vf.read(path, on_issue="ignore").equals(ROWS)
    assert vf.issues(path)["message"].to_list() == ["reading stopped: bytes that are no gzip stand behind it"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip(tmp_path: Path, method: int) -> None:
    members = {"b/PT1H.json": LOG, "a/PT1H.json.gz": gzip.compress(LOG), "readme.txt": b"not a log"}
    path = _zip(tmp_path / "logs.zip", members, method)
    rows = vf.read(path, columns=["source", "src_ip"])
    assert rows["src_ip"].to_list() == ROWS["src_ip"].to_list() * 2
    sources = rows["source"].cast(pl.String).unique(maintain_order=True).to_list()
    assert sources == [f"{path}/a/PT1H.json.gz", f"{path}/b/PT1H.json"]
    assert vf.read(path.read_bytes()).height == 8
    with path.open("rb") as file:
        assert vf.read(file).height == 8


def test_archives_are_told_by_content_not_by_name(tmp_path: Path) -> None:
    named_plain = tmp_path / "packed.json"
    named_plain.write_bytes(gzip.compress(LOG))
    named_packed = tmp_path / "plain.json.gz"
    named_packed.write_bytes(LOG)
    assert vf.read(named_plain).equals(ROWS)
    assert vf.read(named_packed).equals(ROWS)
    assert vf.read(_zip(tmp_path / "zipped.json", {"PT1H.json": LOG})).equals(ROWS)


def test_a_folder_is_searched_in_order(tmp_path: Path) -> None:
    for name, content in {
        "y=2024/m=05/h=10/PT1H.json": LOG,
        "y=2024/m=05/h=09/PT1H.json.gz": gzip.compress(LOG),
        "notes.txt": b"no log",
        "truth.ndjson": b"no log",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    _zip(tmp_path / "z.zip", {"PT1H.json": LOG})
    rows = vf.read(tmp_path, columns=["source"])["source"].cast(pl.String)
    shown = [source.removeprefix(f"{tmp_path}/") for source in rows.unique(maintain_order=True)]
    assert shown == ["y=2024/m=05/h=09/PT1H.json.gz", "y=2024/m=05/h=10/PT1H.json", "z.zip/PT1H.json"]


def test_links_in_a_folder_do_not_stop_it(tmp_path: Path) -> None:
    (tmp_path / "PT1H.json").write_bytes(LOG)
    (tmp_path / "to_itself").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "readme.txt").symlink_to(tmp_path / "nothing.txt")
    assert vf.read(tmp_path, on_issue="raise").equals(ROWS)
    (tmp_path / "lost.json").symlink_to(tmp_path / "nothing.json")
    assert vf.read(tmp_path, on_issue="ignore").equals(ROWS)
    issues = vf.issues(tmp_path)
    assert issues["source"].to_list() == [str(tmp_path / "lost.json")]
    assert issues["kind"].to_list() == ["unreadable"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_closed_folder_among_others_is_an_issue(tmp_path: Path) -> None:
    (tmp_path / "PT1H.json").write_bytes(LOG)
    closed = tmp_path / "lost+found"
    closed.mkdir(mode=0)
    assert vf.read(tmp_path, on_issue="ignore").equals(ROWS)
    assert vf.issues(tmp_path).select("source", "kind").rows() == [(str(closed), "unreadable")]
    with pytest.raises(PermissionError):
        vf.read(closed)


def test_a_glob(tmp_path: Path) -> None:
    for name in ("a1.json", "a2.json", "b1.json"):
        (tmp_path / name).write_bytes(LOG)
    assert vf.read(f"{tmp_path}/a*.json").height == 8
    assert vf.read(f"{tmp_path}/**/*.json").height == 12
    assert vf.read(f"{tmp_path}/[b]1.json").height == 4


def test_a_file_whose_name_looks_like_a_glob(tmp_path: Path) -> None:
    path = tmp_path / "log[1].json"
    path.write_bytes(LOG)
    assert vf.read(path).equals(ROWS)


def test_a_list_of_all_sorts(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x.json").write_bytes(LOG)
    assert vf.read([log, str(folder), LOG, io.BytesIO(LOG)]).equals(pl.concat([ROWS] * 4))
    assert vf.read((log, log)).height == 8


def test_files_come_in_the_order_given_whatever_the_threads_do(demo: Demo) -> None:
    files = demo.files()
    backwards = vf.read(files[::-1], columns=["source"])["source"].cast(pl.String)
    assert backwards.unique(maintain_order=True).to_list() == [str(path) for path in files[::-1]]


def test_frames(demo: Demo) -> None:
    expected = demo.tuples
    assert vf.read(expected).equals(expected)
    assert vf.read(expected.lazy()).equals(expected)
    assert vf.read(expected.to_arrow()).equals(expected)
    assert vf.read(vf.read(demo.folder, ip="binary")).equals(expected)
    assert vf.read(vf.read(demo.folder, ip="categorical")).equals(expected)
    assert vf.summary(expected.to_pandas(use_pyarrow_extension_array=True))["tuples"].item() == expected.height


def test_a_frame_of_the_needed_columns_is_enough(demo: Demo) -> None:
    needed = ["time", "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "direction", "action"]
    counts = vf.summary(demo.tuples.select(needed))
    assert counts["denied"].item() == demo.tuples.filter(pl.col("action") == "deny").height
    assert counts["bytes"].item() is None
    assert counts["files"].item() is None


def test_an_empty_frame(demo: Demo) -> None:
    assert vf.read(demo.tuples.clear()).equals(demo.tuples.clear())
    assert vf.summary(demo.tuples.clear())["tuples"].item() == 0


def test_a_frame_that_lacks_columns_says_which(demo: Demo) -> None:
    with pytest.raises(vf.InputError, match="the frame lacks `dst_ip`, `action`"):
        vf.top(demo.tuples.drop("dst_ip", "action"))


def test_a_frame_with_other_types_says_so(demo: Demo) -> None:
    with pytest.raises(vf.InputError, match="types of the tuple table"):
        vf.top(demo.tuples.with_columns(dst_port=pl.lit("https")))
    with pytest.raises(vf.InputError, match="is no IP address"):
        vf.top(demo.tuples.with_columns(dst_ip=pl.lit("here")))


def test_frames_come_alone(demo: Demo) -> None:
    with pytest.raises(vf.InputError, match="must come alone"):
        vf.read([demo.tuples, demo.tuples])


def test_a_text_file_object_says_how_to_open_it(log: Path) -> None:
    with log.open() as file, pytest.raises(vf.InputError, match="open it with mode `rb`"):
        vf.read(file)


@pytest.mark.parametrize(
    "url",
    [
        "az://container/path",
        "https://account.blob.core.windows.net/container/PT1H.json",
        "abfss://c@a.dfs.core.windows.net/",
    ],
)
def test_storage_is_named_as_what_is_not_read_yet(url: str) -> None:
    with pytest.raises(vf.InputError, match=r"storage is not read directly.*download the container first"):
        vf.read(url)


@pytest.mark.parametrize("source", [3, None, [3], object()])
def test_what_is_no_source_at_all(source: object) -> None:
    with pytest.raises(TypeError, match="expected a path, a glob, bytes"):
        vf.read(source)


def test_an_empty_list_and_an_empty_path() -> None:
    with pytest.raises(vf.InputError, match="the list of sources is empty"):
        vf.read([])
    with pytest.raises(vf.InputError, match="the source's path is empty"):
        vf.read("")
