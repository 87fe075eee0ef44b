"""The keyword arguments that every function shares: checked once, kept in a form that can be pickled and used again."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from vnetflow import _core
from vnetflow.near_match import check_choice, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeAlias

    from vnetflow.issue_report import IssueReport

    Time: TypeAlias = datetime | date | str
    """A moment: naive times and dates are UTC, text is ISO 8601."""

    GroupsLike: TypeAlias = _core.Groups | str | os.PathLike[str] | Mapping[str, str | Sequence[str]]
    """Names for networks: a file, pairs of prefix and name, names with their prefixes, or `Groups`."""

    OnTick: TypeAlias = Callable[[int, int, int], None]
    """Is told bytes read, tuples kept and issues so far."""

    _Pairs: TypeAlias = tuple[tuple[str, str], ...]

Duplicates = Literal["keep", "drop"]
OnIssue = Literal["warn", "raise", "ignore"]
Vantage = Literal["all", "once"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MAC = re.compile(r"[0-9A-F]{12}")
_ISO_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE
)


@dataclass(frozen=True)
class Settings:
    """What to keep and how to tell about it, as every function understands it."""

    filter_text: str | None = None
    groups: _Pairs | _core.Groups | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    macs: tuple[str, ...] | None = None
    drop_duplicates: bool = False
    vantage: Vantage = "all"
    on_issue: OnIssue | Callable[[IssueReport], None] = "warn"
    progress: bool | None = None

    def core_groups(self) -> _core.Groups | None:
        """Give names for networks as the core has them."""
        if self.groups is None or isinstance(self.groups, _core.Groups):
            return self.groups
        return _core.Groups.from_pairs(self.groups)

    def bytes_to_read(self, *sources: _core.Source | None, reads: int = 1) -> int | None:
        """Sum up what all passes read; `None` where that can't be known."""
        sizes = [source.total_bytes() for source in sources if source is not None]
        if None in sizes:
            return None
        return sum(filter(None, sizes)) * reads * (2 if self.vantage == "once" else 1)

    def core_options(self, on_tick: OnTick | None = None) -> _core.Options:
        """Tell the core what to keep."""
        parsed = None if self.filter_text is None else _core.Filter(self.filter_text, self.core_groups())
        return _core.Options(
            filter=parsed,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            macs=self.macs,
            drop_duplicates=self.drop_duplicates,
            once=self.vantage == "once",
            on_tick=on_tick,
        )


class Common(TypedDict, total=False):
    """The keyword arguments that every analysis takes; each may be left out."""

    filter: str | None
    start: Time | None
    end: Time | None
    mac: str | Iterable[str] | None
    groups: GroupsLike | None
    vantage: Vantage
    duplicates: Duplicates
    on_issue: OnIssue | Callable[[IssueReport], None]
    progress: bool | None


COMMON_DEFAULTS: dict[str, object] = {
    "filter": None,
    "start": None,
    "end": None,
    "mac": None,
    "groups": None,
    "vantage": "all",
    "duplicates": "keep",
    "on_issue": "warn",
    "progress": None,
}


def common_settings(function: str, common: Common) -> Settings:
    """Check the keyword arguments that every analysis takes; an unknown one is an error as in any function."""
    for name in common:
        if name not in COMMON_DEFAULTS:
            told = unknown_name("argument", name, COMMON_DEFAULTS)
            raise TypeError(f"{function}() got an unexpected keyword: {told}")
    return settings_of(**common)


def settings_of(
    *,
    filter: str | None = None,
    start: Time | None = None,
    end: Time | None = None,
    mac: str | Iterable[str] | None = None,
    groups: GroupsLike | None = None,
    vantage: Vantage = "all",
    duplicates: Duplicates = "keep",
    on_issue: OnIssue | Callable[[IssueReport], None] = "warn",
    progress: bool | None = None,
) -> Settings:
    """Check what a user passes."""
    check_choice("value of `vantage`", vantage, ("all", "once"))
    check_choice("value of `duplicates`", duplicates, ("keep", "drop"))
    if not callable(on_issue):
        check_choice("value of `on_issue`", on_issue, ("warn", "raise", "ignore"))
    if progress not in (None, True, False):
        raise ValueError(f"expected True, False or None in `progress`, found `{progress}`")
    if not isinstance(cast("object", filter), (str, type(None))):
        message = f"expected text such as `dst port 22` in `filter`, found {type(filter).__name__}"
        raise TypeError(message + ": use Polars' own `.filter(…)` for its expressions")
    start_ms, end_ms = time_ms(start, "start"), time_ms(end, "end")
    if start_ms is not None and end_ms is not None and start_ms >= end_ms:
        raise ValueError(f"`start` {start} does not lie before `end` {end}: `end` itself is left out")
    settings = Settings(
        filter_text=filter,
        groups=_pairs_of(groups),
        start_ms=start_ms,
        end_ms=end_ms,
        macs=None if mac is None else tuple(macs_of(mac)),
        drop_duplicates=duplicates == "drop",
        vantage=vantage,
        on_issue=on_issue,
        progress=progress,
    )
    # A typo in the filter or the groups is told now, not when a LazyFrame is collected.
    settings.core_groups()
    settings.core_options()
    return settings


def time_ms(time: Time | None, name: str) -> int | None:
    """Milliseconds since 1970 of a moment; what lies between two milliseconds counts as the later one."""
    if time is None:
        return None
    if isinstance(time, str):
        moment = _parsed_time(time, name)
    elif isinstance(time, datetime):
        moment = time
    elif isinstance(cast("object", time), date):
        moment = datetime(time.year, time.month, time.day)
    else:
        raise TypeError(f"expected a datetime, a date or text in `{name}`, found {type(time).__name__}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + math.ceil(since.microseconds / 1000)


def _parsed_time(text: str, name: str) -> datetime:
    match = _ISO_TIME.fullmatch(text.strip())
    expected = f"expected an ISO time such as `2024-05-01` or `2024-05-01T09:00Z` in `{name}`, found `{text}`"
    if match is None:
        raise ValueError(expected)
    day, minute, second, fraction, zone = match.groups()
    zone = (zone or "Z").upper().replace("Z", "+00:00")
    if ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    microsecond = ((fraction or "") + "000000")[:6]
    try:
        return datetime.fromisoformat(f"{day}T{minute or '00:00'}{second or ':00'}.{microsecond}{zone}")
    except ValueError:
        raise ValueError(expected) from None


def macs_of(mac: str | Iterable[str]) -> list[str]:
    """NICs in the form of the column `mac`: twelve upper case hexadecimal digits."""
    plain: list[str] = []
    for one in [mac] if isinstance(mac, str) else mac:
        digits = str(one).replace(":", "").replace("-", "").replace(".", "").strip().upper()
        if not _MAC.fullmatch(digits):
            raise ValueError(f"expected 12 hexadecimal digits such as `00224871C205` in `mac`, found `{one}`")
        plain.append(digits)
    if not plain:
        raise ValueError("no NIC in `mac`: name at least one, or leave it out for all")
    return plain


def groups_of(groups: GroupsLike) -> _core.Groups:
    """Names for networks from whatever a user has."""
    pairs = _pairs_of(groups)
    if isinstance(pairs, _core.Groups):
        return pairs
    return _core.Groups.from_pairs(pairs or ())


def _pairs_of(groups: GroupsLike | None) -> _Pairs | _core.Groups | None:
    if groups is None or isinstance(groups, _core.Groups):
        return groups
    if isinstance(groups, (str, os.PathLike)):
        return _groups_in_file(os.fspath(groups))
    try:
        items = list(groups.items())
    except AttributeError:
        found = type(groups).__name__
        raise TypeError(f"expected a file, a dict or `vnetflow.Groups` in `groups`, found {found}") from None
    pairs: list[tuple[str, str]] = []
    for key, value in items:
        if isinstance(value, str):
            pairs.append((key, value) if _is_prefix(key) else (value, key))
        else:
            pairs.extend((prefix, key) for prefix in value)
    return tuple(pairs)


def _groups_in_file(path: str) -> _core.Groups:
    try:
        text = Path(path).read_text("utf-8-sig")
    except FileNotFoundError:
        message = f"`{path}` does not exist: give a CSV with the columns cidr and name, or a JSON file, in `groups`"
        raise FileNotFoundError(message) from None
    except UnicodeDecodeError:
        raise _core.InputError(
            f"`{path}` is no text: give a CSV with the columns cidr and name, or a JSON file"
        ) from None
    except OSError as error:
        raise OSError(f"can't read groups from `{path}`: {error.strerror}") from None
    return _core.Groups.from_text(text, path)


def _is_prefix(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True
