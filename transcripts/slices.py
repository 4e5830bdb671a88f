"""The rows of a file that has one on each line, as this program writes it, read a slice at a time.

The library that reads JSON lets no other thread go on meanwhile: reading 100 MB at once would hold up an edit for half
a second. Pure: knows bytes and the names of lists alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import msgspec

from transcripts.turns import in_turns, let_other_threads_run

SLICE_BYTES = 1 << 16
"""What takes a fraction of a millisecond to read; larger blocks take the system longer to find memory for."""

SLICES_A_TURN = 8

WINDOW_BYTES = 1 << 20
"""How much is searched at once for the beginning of a list."""

MAX_NAME_BYTES = 1 << 8

_list = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, kw_only=True)
class Sliced:
    """A file whose lists were read: `rows` by the lists' names, and `rest`, the file without them."""

    rest: bytes
    rows: dict[str, list[bytes]] = field(default_factory=dict)


# A list begins at the beginning of a line, which is never within a text, as JSON has no line breaks there. Slices end
# with a line. If each of them, with brackets around it, is a list, then each is whole rows: none of them closes a
# bracket that it has not opened. What is not so, and a list that stands deeper in the file or twice, is left alone.
def read_in_slices(data: bytes, names: Collection[str]) -> Sliced:
    """Read the lists with certain names, if all that begin like one are written with a row a line.

    Otherwise, and where something is wrong in the file, `rest` is the whole file.
    """
    beginning = re.compile(rb'\n"(' + b"|".join(re.escape(name.encode()) for name in names) + rb')": \[(?=\n)')
    rows: dict[str, list[bytes]] = {}
    rest, done = [], 0
    while (match := _found(beginning, data, done)) is not None:
        name = match[1].decode()
        read = _rows_of(data, match.end() + 1)
        if read is None or name in rows:
            return Sliced(rest=data)
        rows[name], end = read
        rest.append(data[done : match.end()])
        done = end
    if not rows:
        return Sliced(rest=data)
    left = b"".join((*rest, data[done:]))
    stand_once = all(left.count(b'"%b"' % name.encode()) == 1 for name in rows)
    return Sliced(rest=left, rows=rows) if stand_once else Sliced(rest=data)


def _found(beginning: re.Pattern[bytes], data: bytes, start: int) -> re.Match[bytes] | None:
    for at in range(start, len(data), WINDOW_BYTES):
        if (match := beginning.search(data, at, at + WINDOW_BYTES + MAX_NAME_BYTES)) is not None:
            return match
        let_other_threads_run()
    return None


def _rows_of(data: bytes, start: int) -> tuple[list[bytes], int] | None:
    """Return the rows of a list, and where it ends; None where its slices are not whole rows."""
    rows: list[bytes] = []
    end = start
    for piece, piece_end in in_turns(_slices(data, start), SLICES_A_TURN):
        try:
            piece.decode()  # msgspec looks at the texts that it needs alone
            rows += map(bytes, _list.decode(b"[%b]" % piece))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        end = piece_end
    return (rows, end) if data[end : end + 2] == b"\n]" else None


def _slices(data: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """Yield slices without the comma at their end, and where they end; up to the list's end or what is wrong."""
    while True:
        line_end = data.find(b"\n", start + SLICE_BYTES)
        list_end = data.find(b"\n]", start, len(data) if line_end < 0 else line_end + 2)
        end = list_end if list_end >= 0 else line_end
        if end <= start:
            return
        is_last = end == list_end
        if not is_last and data[end - 1 : end] != b",":
            return
        yield data[start : end if is_last else end - 1], end
        if is_last:
            return
        start = end + 1
