"""What the viewer is given: logs and side files with a name, each read in pieces and none held whole."""

from __future__ import annotations

import csv
import io
import os
import zlib
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, cast

from vnetflow import _core
from vnetflow.arguments import groups_of
from vnetflow.documents import json_of
from vnetflow.sources import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from vnetflow.arguments import GroupsLike
    from vnetflow.documents import DocumentLike
    from vnetflow.sources import Origin, Readable, SourceLike


PIECE_BYTES = 1 << 20
"""How much of a file is in memory at a time."""

SITE = Path(__file__).with_name("viewer_site")
"""The built viewer: a static site, and the same as one page."""

PACKED_HEADS = (b"\x1f\x8b", b"PK")
"""How gzip and zip files begin."""

_GZIP = 16 + zlib.MAX_WBITS
_QUICK = 1
"""The level of packing: logs shrink to a tenth even by the quickest."""


@dataclass(frozen=True)
class ViewerFile:
    """A file as the viewer sees it."""

    name: str
    open: Callable[[], Iterator[bytes]]
    """Gives the file's bytes from the start, in pieces."""


def site_file(name: str) -> Path:
    """Find a file of the built viewer."""
    path = SITE / name
    if not path.is_file():
        message = "the viewer is not in this installation: build it with `make viewer` in the source,"
        raise FileNotFoundError(f"{message} or install a wheel")
    return path


def files_of(
    source: SourceLike | None,
    *,
    groups: GroupsLike | None = None,
    nsg: DocumentLike | None = None,
    policy: DocumentLike | None = None,
) -> list[ViewerFile]:
    """List what to show: side files first, then what the package's own search finds in the source."""
    side = [*_groups(groups), *_document(nsg, "nsg"), *_document(policy, "policy")]
    return side if source is None else [*side, *_logs(origin_of(source))]


def packed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pack pieces as gzip on their way."""
    packer = zlib.compressobj(_QUICK, wbits=_GZIP)
    for piece in pieces:
        if out := packer.compress(piece):
            yield out
    yield packer.flush()


def read_pieces(path: str) -> Iterator[bytes]:
    """Read a file in pieces."""
    with Path(path).open("rb") as file:
        yield from _pieces(file)


def _pieces(file: Readable) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _logs(origin: Origin) -> Iterator[ViewerFile]:
    if origin.tuples is not None:
        yield _tuples(origin.tuples)
        return
    # Bytes and file objects are not in the list of files that were found.
    for item, start in zip(origin.items, origin.starts, strict=True):
        if isinstance(item, str):
            yield from map(_on_disk, _core.Source([item]).files())
        elif isinstance(item, bytes):
            yield _text("bytes.json", item)
        else:
            if start is not None:
                cast("io.IOBase", item).seek(start)
            yield _stream(item)


def _on_disk(path: str) -> ViewerFile:
    return ViewerFile(path, lambda: read_pieces(path))


def _tuples(tuples: pl.DataFrame) -> ViewerFile:
    def opened() -> Iterator[bytes]:
        from vnetflow.log_text import log_text

        return packed(log_text(tuples))

    return ViewerFile("tuples.json.gz", opened)


def _text(name: str, text: str | bytes) -> ViewerFile:
    content = text if isinstance(text, bytes) else text.encode()
    return ViewerFile(name, lambda: _pieces(io.BytesIO(content)))


def _stream(stream: Readable) -> ViewerFile:
    """Keep what a stream gives, packed: it can be read once, the viewer may be loaded again."""
    head = stream.read(PIECE_BYTES)
    pieces = chain((head,), _pieces(stream))
    is_packed = head.startswith(PACKED_HEADS)
    content = b"".join(pieces if is_packed else packed(pieces))
    return _text(f"{getattr(stream, 'name', 'stream')}{'' if is_packed else '.gz'}", content)


def _groups(groups: GroupsLike | None) -> Iterator[ViewerFile]:
    if groups is None:
        return
    # A file that is none is told now, by the name that the user gave.
    known = groups_of(groups)
    if isinstance(groups, (str, os.PathLike)):
        yield _on_disk(os.fspath(groups))
        return
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("cidr", "name"), *known.pairs()])
    yield _text("groups.csv", text.getvalue())


def _document(document: DocumentLike | None, name: str) -> Iterator[ViewerFile]:
    if document is not None:
        yield _text(f"{name}.json", json_of(document, name))
