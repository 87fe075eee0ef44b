"""`widget`: the viewer in a notebook. The page stands in a frame and gets its files through the kernel's channel."""

from __future__ import annotations

import gzip
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnetflow.viewer_files import PACKED_HEADS, files_of, packed, site_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anywidget import AnyWidget

    from vnetflow.arguments import GroupsLike
    from vnetflow.documents import DocumentLike
    from vnetflow.sources import SourceLike
    from vnetflow.viewer_files import ViewerFile

_MESSAGE_BYTES = 1 << 20
"""About how much a message holds; larger ones would block the kernel's channel."""

_SCRIPT = Path(__file__).with_name("widget.js")


def widget(
    source: SourceLike,
    *,
    groups: GroupsLike | None = None,
    nsg: DocumentLike | None = None,
    policy: DocumentLike | None = None,
    filter: str | None = None,
    height: int = 720,
) -> AnyWidget:
    """Show the viewer on flow logs or a frame of tuples in a notebook.

    Parameters
    ----------
    source
        As in `read`: files, bytes, or a DataFrame that holds tuples. The tuples of a frame are handed over as a log, so
        only the tuple table's own columns are seen.
    groups
        Names for networks: a file or a dict, as in `read`.
    nsg
        The exported NSG, as in `rules`.
    policy
        The policy, as in `check`.
    filter
        What is shown at first. Default: everything.
    height
        In pixels. Default: 720.

    Returns
    -------
    anywidget.AnyWidget
        To be shown as a cell's result. Needs `pip install 'vnetflow[widget]'`.

    Raises
    ------
    ImportError
        Where anywidget is not installed.
    FileNotFoundError
        Where there is no such source, or the installation was built without the viewer.

    Examples
    --------
    >>> import vnetflow as vf
    >>> denied = vf.read(vf.example_log(), filter="denied")
    >>> vf.widget(denied, height=500)  # doctest: +SKIP
    """
    page = site_file("single.html")
    channel = Channel(page, files_of(source, groups=groups, nsg=nsg, policy=policy), filter)
    made: AnyWidget = _widget_class()(channel, height)
    return made


class Channel:
    """Answers what the page in the notebook asks: itself, the names of its files, then each file piece by piece."""

    def __init__(self, page: Path, files: list[ViewerFile], filter: str | None) -> None:
        self._page = page
        self._files = files
        self._filter = filter
        self._reading: dict[tuple[str, int], Iterator[bytes]] = {}

    def answer(self, wanted: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Give the answer and its buffers; what went wrong is an answer too."""
        head = {"id": wanted.get("id")}
        try:
            if wanted["want"] == "page":
                return head, [gzip.compress(self._page.read_bytes(), 6)]
            if wanted["want"] == "names":
                return {**head, "names": [file.name for file in self._files], "filter": self._filter or ""}, []
            return head, self._next_piece(str(wanted["view"]), int(wanted["file"]))
        except Exception as error:
            return {**head, "error": str(error)}, []

    def _next_piece(self, view: str, number: int) -> list[bytes]:
        """Give the next piece of a file, none at its end, and then start anew."""
        key = (view, number)
        if key not in self._reading:
            self._reading[key] = _messages(self._files[number].open())
        piece = next(self._reading[key], None)
        if piece is None:
            del self._reading[key]
            return []
        return [piece]


def _messages(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pack what is not packed yet, and gather it into messages."""
    head = next(pieces, b"")
    whole = chain((head,), pieces)
    gathered = bytearray()
    for piece in whole if head.startswith(PACKED_HEADS) else packed(whole):
        gathered += piece
        if len(gathered) >= _MESSAGE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


@cache
def _widget_class() -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise ImportError("the widget needs anywidget: `pip install 'vnetflow[widget]'`") from None

    class ViewerWidget(anywidget.AnyWidget):
        """The viewer as a cell's result."""

        _esm = _SCRIPT.read_text("utf-8")
        height = traitlets.Int(720).tag(sync=True)

        def __init__(self, channel: Channel, height: int) -> None:
            super().__init__(height=height)
            self._channel = channel
            self.on_msg(self._answer)

        def _answer(self, _widget: object, wanted: dict[str, Any], _buffers: object) -> None:
            answer, buffers = self._channel.answer(wanted)
            self.send(answer, buffers)

    return ViewerWidget
