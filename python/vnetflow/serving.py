"""`view`: serves the viewer and the files it shows on this machine, to this machine, for as long as one looks at it.

Nobody else can read them: the server listens on 127.0.0.1 only, every path begins with a secret, a request by another
host's name (DNS rebinding) or from another site's page is refused, and what can be asked for is a fixed list of names.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import webbrowser
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from mimetypes import guess_type
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from vnetflow.viewer_files import SITE, ViewerFile, files_of, read_pieces, site_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from vnetflow.arguments import GroupsLike
    from vnetflow.documents import DocumentLike
    from vnetflow.sources import SourceLike

_ADDRESS = "127.0.0.1"

_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page has this policy in itself too; that it can't be framed only a header can say."""

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_OWN_SITES = (None, "none", "same-origin")
"""What a browser says of where a request comes from: nothing, the address bar, this page."""

_END = b"0\r\n\r\n"
"""Ends a body that was sent in pieces."""

_TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html; charset=utf-8"}


class Viewer:
    """The viewer, open on this machine until it is closed.

    Attributes
    ----------
    url
        Where a browser finds it. Whoever knows this address can read the logs, if they are on this machine.
    """

    def __init__(self, files: list[ViewerFile], *, port: int = 0, start: str = "") -> None:
        site_file("index.html")
        self._secret = secrets.token_urlsafe(24)
        self._answers = {f"/{self._secret}/{path}": answer for path, answer in _answers(files).items()}
        try:
            self._server = _Server((_ADDRESS, port), self._answers)
        except OSError as error:
            reason = (error.strerror or "failed").lower()
            raise OSError(f"can't listen on port {port}: {reason}; choose another one, or none for any") from None
        self.port: int = self._server.server_address[1]
        self.url = f"http://{_ADDRESS}:{self.port}/{self._secret}/{start}"
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


@dataclass(frozen=True)
class _Answer:
    """What is sent for a path."""

    kind: str
    open: Callable[[], Iterator[bytes]]


def _answers(files: list[ViewerFile]) -> dict[str, _Answer]:
    """List everything that can be asked for, by its path behind the secret."""
    answers: dict[str, _Answer] = {}
    for path in sorted(SITE.rglob("*")):
        if path.is_file():
            name = path.relative_to(SITE).as_posix()
            kind = _TYPES.get(path.suffix) or guess_type(name)[0] or "application/octet-stream"
            answers[name] = _Answer(kind, partial(read_pieces, str(path)))
    answers[""] = answers["index.html"]
    listed = [{"name": file.name, "url": f"./files/{number}"} for number, file in enumerate(files)]
    content = json.dumps(listed).encode()
    answers["files.json"] = _Answer("application/json", lambda: iter((content,)))
    for number, file in enumerate(files):
        answers[f"files/{number}"] = _Answer("application/octet-stream", file.open)
    return answers


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # On Windows a second server could take the port of a running one.
    allow_reuse_address = os.name != "nt"

    def __init__(self, address: tuple[str, int], answers: dict[str, _Answer]) -> None:
        self.answers = answers
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "vnetflow"
    sys_version = ""
    timeout = 600

    def do_GET(self) -> None:
        """Answer with what the list has under this path, to this machine's own page only."""
        server = self.server
        assert isinstance(server, _Server)  # noqa: S101
        port = server.server_address[1]
        if self.headers.get("Host") not in (f"{_ADDRESS}:{port}", f"localhost:{port}"):
            return self._refuse(HTTPStatus.FORBIDDEN, "this is served to this machine only")
        is_opened = self.headers.get("Sec-Fetch-Dest") == "document"
        if self.headers.get("Sec-Fetch-Site") not in _OWN_SITES and not is_opened:
            return self._refuse(HTTPStatus.FORBIDDEN, "this is served to its own page only")
        answer = server.answers.get(urlsplit(self.path).path)
        if answer is None:
            return self._refuse(HTTPStatus.NOT_FOUND, "nothing is served under this address")
        return self._send(answer)

    def _send(self, answer: _Answer) -> None:
        pieces = answer.open()
        try:
            first = next(pieces, b"")
        except OSError as error:
            return self._refuse(HTTPStatus.GONE, (error.strerror or "can't be read").lower())
        try:
            self._head(HTTPStatus.OK, answer.kind)
            for piece in chain((first,), pieces):
                if piece:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(_END)
        except OSError:
            # The reader left, or the file failed: without an end the browser knows that something is missing.
            self.close_connection = True

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.close_connection = True
        self._head(status, "text/plain; charset=utf-8")
        text = f"{reason}\n".encode()
        self.wfile.write(b"%x\r\n%b\r\n%b" % (len(text), text, _END))

    def _head(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the address holds the secret."""
