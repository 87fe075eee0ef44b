"""Numbers for people: bytes and rates with three digits and a unit."""

from __future__ import annotations

_PREFIXES = ("k", "M", "G", "T", "P", "E")


def size_text(number: float | None, unit: str = "B") -> str:
    """Write a number in powers of 1000, three digits: what the filter's `k`, `M` and `G` are too.

    >>> size_text(999), size_text(5256000), size_text(None), size_text(12_345_678, "bit/s")
    ('999 B', '5.26 MB', '–', '12.3 Mbit/s')
    """
    if number is None:
        return "–"
    value, prefix = float(number), ""
    for larger in _PREFIXES:
        if value < 999.5:
            break
        value, prefix = value / 1000, larger
    if not prefix:
        return f"{number:.0f} {unit}"
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {prefix}{unit}"
