"""Wrong names: what was meant, and what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def unknown_name(what: str, found: object, known: Iterable[str]) -> str:
    """Say that a name is unknown, with the nearest known one and all of them.

    >>> unknown_name("metric", "byte", ["bytes", "tuples"])
    'unknown metric `byte`: did you mean `bytes`? There are `bytes`, `tuples`'
    """
    import difflib

    known = list(known)
    near = difflib.get_close_matches(str(found).lower(), known, n=1, cutoff=0.55)
    names = ", ".join(f"`{name}`" for name in known)
    if near:
        return f"unknown {what} `{found}`: did you mean `{near[0]}`? There are {names}"
    return f"unknown {what} `{found}`: expected one of {names}"


def check_choice(what: str, found: object, known: Iterable[str]) -> None:
    """Raise a ValueError with a near match where `found` is none of the known names."""
    known = list(known)
    if found not in known:
        raise ValueError(unknown_name(what, found, known))
