"""The server behind `view`: answers a fixed list of paths, to this machine's own page only.

A module of its own, because what it needs takes long to import and only viewers need it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADDRESS = "127.0.0.1"

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


@dataclass(frozen=True)
class Answer:
    """What is sent for a path."""

    kind: str
    open: Callable[[], Iterator[bytes]]


class Server(ThreadingHTTPServer):
    """Gives what the list has, each request in a thread of its own."""

    daemon_threads = True
    # On Windows a second server could take the port of a running one.
    allow_reuse_address = os.name != "nt"

    def __init__(self, address: tuple[str, int], answers: dict[str, Answer]) -> None:
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
        assert isinstance(server, Server)  # noqa: S101
        port = server.server_address[1]
        if self.headers.get("Host") not in (f"{ADDRESS}:{port}", f"localhost:{port}"):
            return self._refuse(HTTPStatus.FORBIDDEN, "this is served to this machine only")
        is_opened = self.headers.get("Sec-Fetch-Dest") == "document"
        if self.headers.get("Sec-Fetch-Site") not in _OWN_SITES and not is_opened:
            return self._refuse(HTTPStatus.FORBIDDEN, "this is served to its own page only")
        answer = server.answers.get(urlsplit(self.path).path)
        if answer is None:
            return self._refuse(HTTPStatus.NOT_FOUND, "nothing is served under this address")
        return self._send(answer)

    def _send(self, answer: Answer) -> None:
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
