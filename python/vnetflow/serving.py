"""`view`: serves the viewer and the files it shows on this machine, to this machine, for as long as one looks at it.

Nobody else can read them: the server listens on 127.0.0.1 only, every path begins with a secret, a request by another
host's name (DNS rebinding) or from another site's page is refused, and what can be asked for is a fixed list of names.
"""

from __future__ import annotations

import json
import secrets
import threading
import webbrowser
from functools import partial
from mimetypes import guess_type
from typing import TYPE_CHECKING
from urllib.parse import quote

from vnetflow.viewer_files import SITE, ViewerFile, files_of, read_pieces, site_file

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from vnetflow.arguments import GroupsLike
    from vnetflow.documents import DocumentLike
    from vnetflow.sources import SourceLike
    from vnetflow.viewer_server import Answer

_TYPES = {".js": "text/javascript", ".html": "text/html; charset=utf-8"}


class Viewer:
    """The viewer, open on this machine until it is closed.

    Attributes
    ----------
    url
        Where a browser finds it. Whoever knows this address can read the logs, if they are on this machine.
    """

    def __init__(self, files: list[ViewerFile], *, port: int = 0, start: str = "") -> None:
        from vnetflow.viewer_server import ADDRESS, Server

        site_file("index.html")
        self._secret = secrets.token_urlsafe(24)
        self._answers = {f"/{self._secret}/{path}": answer for path, answer in _answers(files).items()}
        try:
            self._server = Server((ADDRESS, port), self._answers)
        except OSError as error:
            reason = (error.strerror or "failed").lower()
            raise OSError(f"can't listen on port {port}: {reason}; choose another one, or none for any") from None
        self.port: int = self._server.server_address[1]
        self.url = f"http://{ADDRESS}:{self.port}/{self._secret}/{start}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def show(self) -> None:
        """Open it in the browser."""
        webbrowser.open(self.url)

    def wait(self) -> None:
        """Wait until it is closed."""
        # Without a timeout a wait can't be interrupted everywhere.
        while self._thread.is_alive():
            self._thread.join(0.5)

    def close(self) -> None:
        """Stop serving; what a browser has read already stays in it."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<vnetflow viewer at {self.url}>"


def view(
    source: SourceLike,
    *,
    groups: GroupsLike | None = None,
    nsg: DocumentLike | None = None,
    policy: DocumentLike | None = None,
    filter: str | None = None,
    port: int = 0,
    browser: bool = True,
) -> Viewer:
    """Open the viewer in the browser on flow logs.

    Parameters
    ----------
    source
        As in `read`. Files are read from disk when the browser asks for them; tuples in memory are written as a log.
    groups
        Names for networks: a file or a dict, as in `read`.
    nsg
        The exported NSG, as in `rules`.
    policy
        The policy, as in `check`.
    filter
        What is shown at first. Default: everything.
    port
        Port on this machine. Default: any that is free.
    browser
        Whether to open the browser. Default: True.

    Returns
    -------
    Viewer
        It has the address in `url`, and `close()`; it also ends with the program.

    Raises
    ------
    FileNotFoundError
        Where there is no such source, or the installation was built without the viewer.

    Examples
    --------
    >>> import vnetflow as vf
    >>> viewer = vf.view(vf.example_log(), browser=False)  # doctest: +SKIP
    >>> viewer.url  # doctest: +SKIP
    'http://127.0.0.1:...'
    >>> viewer.close()  # doctest: +SKIP
    """
    files = files_of(source, groups=groups, nsg=nsg, policy=policy)
    viewer = Viewer(files, port=port, start=start_of(filter))
    if browser:
        viewer.show()
    return viewer


def start_of(filter: str | None) -> str:
    """Give the end of an address that opens the viewer with a filter, which may name groups and so is checked there."""
    return "" if not filter else f"#v=1&filter={quote(filter, safe='')}"


def _answers(files: list[ViewerFile]) -> dict[str, Answer]:
    """List everything that can be asked for, by its path behind the secret."""
    from vnetflow.viewer_server import Answer

    answers: dict[str, Answer] = {}
    for path in sorted(SITE.rglob("*")):
        if path.is_file():
            name = path.relative_to(SITE).as_posix()
            kind = _TYPES.get(path.suffix) or guess_type(name)[0] or "application/octet-stream"
            answers[name] = Answer(kind, partial(read_pieces, str(path)))
    answers[""] = answers["index.html"]
    listed = [{"name": file.name, "url": f"./files/{number}"} for number, file in enumerate(files)]
    content = json.dumps(listed).encode()
    answers["files.json"] = Answer("application/json", lambda: iter((content,)))
    for number, file in enumerate(files):
        answers[f"files/{number}"] = Answer("application/octet-stream", file.open)
    return answers
