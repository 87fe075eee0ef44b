"""Plays the kernel for the browser test of the widget: the real widget, its messages as JSON on standard streams.

Usage: `widget_host.py files FOLDER` or `widget_host.py frame FOLDER FILTER`.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import vnetflow as vf


def main(form: str, folder: Path, filter: str | None = None) -> None:
    """Show a folder's logs, or a frame with those of its tuples that pass a filter."""
    source: Any = folder if form == "files" else vf.read(folder, filter=filter)
    widget: Any = vf.widget(source, groups=folder / "groups.csv", height=700)

    def send(content: dict[str, Any], buffers: list[bytes]) -> None:
        packed = [base64.b64encode(buffer).decode() for buffer in buffers]
        print(json.dumps({"content": content, "buffers": packed}), flush=True)

    widget.send = send
    print(json.dumps({"esm": widget._esm, "height": widget.height}), flush=True)
    for line in sys.stdin:
        widget._handle_custom_msg(json.loads(line), [])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
