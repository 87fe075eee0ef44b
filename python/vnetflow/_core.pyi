"""The compiled part: reads sources, decodes and aggregates. Private; the public functions are in the package."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Protocol, final

from typing_extensions import CapsuleType, Self

__all__ = [
    "COLUMNS",
    "METRICS",
    "Batches",
    "Filter",
    "FilterError",
    "Frame",
    "Groups",
    "InputError",
    "Options",
    "Source",
    "__version__",
    "analyse",
    "check",
    "demo",
    "diff",
    "empty",
    "host",
    "sessions",
    "zeek_head",
]

class _Reads(Protocol):
    def read(self, size: int, /) -> bytes: ...

class _Streams(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None, /) -> CapsuleType: ...

__version__: str

COLUMNS: list[tuple[str, str, bool, bool, str]]
"""Every public column: name, type (`time_ms`, `address`, `u8`, `u16`, `u64`, `text` or `enum:` and its names joined
by `,`), whether it may be null, whether it comes by default, and what it means."""

METRICS: list[str]
"""What `top` can rank by."""

class FilterError(ValueError):
    """A filter that can't be read; the message names the column and a near match."""

class InputError(ValueError):
    """A source that is no flow log at all, or a setting that can't be used."""

@final
class Frame:
    """Columns of the same length, handed over as an Arrow C stream of one batch: `polars.DataFrame(frame)`."""

    def __len__(self) -> int: ...
    @property
    def shared(self) -> list[tuple[str, Frame]]:
        """Columns that many rows share: a row's number in them is in this frame's column of the name beside them."""
    def __arrow_c_stream__(self, requested_schema: object | None = None, /) -> CapsuleType: ...

@final
class Groups:
    """Names for networks."""

    @staticmethod
    def from_text(text: str, name: str) -> Groups:
        """CSV or JSON text; `name` is shown in errors."""
    @staticmethod
    def from_pairs(pairs: Sequence[tuple[str, str]]) -> Groups:
        """Pairs of prefix and name."""
    def __reduce__(self) -> tuple[Callable[[type[Groups]], Groups], tuple[type[Groups]]]: ...
    def names(self) -> list[str]: ...
    def pairs(self) -> list[tuple[str, str]]:
        """Pairs of prefix and name, one for each prefix and each of its names."""

@final
class Filter:
    """A parsed filter."""

    def __new__(cls, text: str, groups: Groups | None = None) -> Self: ...
    def explain(self) -> str: ...

@final
class Source:
    """What to read: files that were found, bytes, binary file objects, or tuples in memory."""

    def __new__(cls, items: Sequence[str | bytes | _Reads]) -> Self:
        """Paths may be files, folders or globs. Raises FileNotFoundError, PermissionError or InputError."""
    @staticmethod
    def of_tuples(frame: _Streams) -> Source:
        """Tuples in memory, with the columns and types of the tuple table (enums as text, addresses as text)."""
    def files(self) -> list[str]: ...
    def total_bytes(self) -> int | None:
        """Sum of the files' sizes as stored; None where one can't be known."""

@final
class Options:
    """What to keep, and how to read."""

    def __new__(
        cls,
        *,
        filter: Filter | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        macs: Sequence[str] | None = None,
        drop_duplicates: bool = False,
        once: bool = False,
        threads: int | None = None,
        on_tick: Callable[[int, int, int], None] | None = None,
    ) -> Self:
        """`once` counts each flow at one NIC, in two passes.

        `on_tick` is called about ten times a second with the bytes that all passes read, and the tuples kept and
        issues of this pass so far.
        """

@final
class Batches(Iterator[Frame]):
    """One pass over a source, batch by batch, in the order of the files. Decoding runs ahead in threads."""

    def __new__(
        cls,
        source: Source,
        options: Options,
        *,
        columns: Sequence[str] | None = None,
        batch_rows: int = 131072,
        ip: str = "string",
        events: str | None = None,
    ) -> Self:
        """`ip` is `string`, `categorical` or `binary` (4 or 16 bytes in network order).

        `events` is `ecs` or `ocsf`: then each frame has one column, `line`, with a JSON object a tuple.
        """
    def note(self) -> str | None:
        """By how much all NICs over-count, where each flow counts once: what was read so far."""
    def __iter__(self) -> Batches: ...
    def __next__(self) -> Frame: ...
    def close(self) -> None:
        """Stops the threads; what was not handed out yet is dropped."""
    def issues(self) -> Frame:
        """What could not be read so far: source, offset, record, tuple, kind, message, skipped, count."""

def empty(columns: Sequence[str] | None = None, *, ip: str = "string") -> Frame:
    """A tuple table without rows."""

def analyse(
    source: Source,
    options: Options,
    name: str,
    parameters: Mapping[str, object],
    groups: Groups | None = None,
) -> tuple[Frame, Frame, list[str]]:
    """An analysis by its name: its table, the issues, and what a reader must know, a sentence each."""

def check(
    source: Source, options: Options, policy: str, groups: Groups | None = None
) -> tuple[tuple[Frame, Frame, list[str]], str, str]:
    """The traffic against a policy (JSON text): as `analyse`, and the table as JUnit XML and as SARIF."""

def diff(
    before: Source, after: Source, options: Options, by: Sequence[str], groups: Groups | None = None
) -> tuple[Frame, Frame, list[str]]:
    """What differs between two sources: as `analyse`."""

def host(
    source: Source, options: Options, ip: str, groups: Groups | None = None
) -> tuple[list[tuple[str, Frame]], Frame, list[str]]:
    """A dossier: its tables by name, the issues, and notes."""

class _SessionFrames(Iterator[Frame], Protocol):
    def notes(self) -> list[str]:
        """What a reader must know, once all pieces were taken."""

def sessions(source: Source, options: Options, *, zeek: bool = False) -> tuple[_SessionFrames, Frame]:
    """The sessions in pieces, at least one, and the issues.

    With `zeek` each piece has one column, `line`, as in Zeek's `conn.log`.
    """

def zeek_head() -> list[str]:
    """The lines above the connections of Zeek's `conn.log`."""

def demo(
    folder: str | PathLike[str],
    *,
    seed: int,
    hours: int,
    rate: int,
    start_ms: int | None,
    nossh_from_hour: int | None,
    format: str,
) -> dict[str, int]:
    """Writes the demo network's logs and their truth; gives `files`, `tuples` and `bytes` written.

    `format` is `vnet`, `nsg-v2`, `nsg-v1` or `both`; `nossh_from_hour` counts from 0.
    """
