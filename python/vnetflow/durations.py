"""Lengths of time as a user writes them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from typing import TypeAlias

    Duration: TypeAlias = timedelta | str
    """A length of time: a timedelta, or text such as `"30s"`, `"5m"`, `"1h"`, `"1d"`."""

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d{1,9})\s*(ms|s|m|h|d)")


def duration_ms(duration: Duration, name: str) -> int:
    """Milliseconds of a length of time above zero.

    >>> duration_ms("5m", "every"), duration_ms(timedelta(hours=1), "every")
    (300000, 3600000)
    """
    if isinstance(duration, timedelta):
        length = round(duration / timedelta(milliseconds=1))
    elif isinstance(cast("object", duration), str):
        match = _DURATION.fullmatch(duration.strip().lower())
        if match is None:
            raise ValueError(
                f"expected a length of time such as `30s`, `5m`, `1h` or `1d` in `{name}`, found `{duration}`"
            )
        length = int(match[1]) * _UNITS_MS[match[2]]
    else:
        raise TypeError(f"expected a timedelta or text such as `5m` in `{name}`, found {type(duration).__name__}")
    if length < 1:
        raise ValueError(f"expected a length of time above zero in `{name}`, found `{duration}`")
    return length
