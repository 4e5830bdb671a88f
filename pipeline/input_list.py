"""Lists of videos: a CSV or JSON Lines file with a row a video, as it comes out of Excel, a database or a script.

Knows what is text, which columns there are and on which line a row stands; what a column means is the reader's.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import Problem, Setting, SettingsError

LARGEST_BYTES = 64 << 20
"""Some 100,000 rows need a quarter of that; whoever names a video by mistake is told soon."""

SOURCE = "source"

_SEPARATORS = ",;\t"
_NAMED_SEPARATOR = re.compile(r"sep=(.)\s*")
"""What Excel begins a file with for another Excel (undocumented by Microsoft)."""

_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, kw_only=True)
class ListRow:
    """A video of a list: the line on which it begins, from 1, and what stands in its columns, without the empty ones.

    A list in JSON is several texts, everything else one.
    """

    line: int
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class RowProblem:
    """What is wrong on a line."""

    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class InputList:
    """What a list holds, and what is wrong with it."""

    rows: tuple[ListRow, ...]
    problems: tuple[RowProblem, ...]


def read_list(data: bytes, name: str, columns: Collection[str]) -> InputList:
    """Return the rows of a list in CSV, with a first line that names the columns, or in JSON Lines.

    `name` names it in a message; `columns` are those that it may have. Raises SettingsError where it is no list at all.
    """
    text = _decoded(data, name)
    first = text.lstrip()[:1]
    if first == "[":
        raise _wrong(f"{name} is one JSON list: write an object per line instead (JSON Lines).")
    found = list(_json_rows(text) if first == "{" else _csv_rows(text, name))
    rows: list[ListRow] = []
    problems: list[RowProblem] = []
    unknown: dict[str, int] = {}
    for one in found:
        if isinstance(one, RowProblem):
            problems.append(one)
            continue
        unknown |= {column: one.line for column in one.values if column not in columns and column not in unknown}
        if SOURCE in one.values:
            rows.append(one)
        else:
            problems.append(RowProblem(line=one.line, text=f"The row names no {SOURCE}."))
    known = f"choose from {', '.join(columns)}."
    problems += [
        RowProblem(line=line, text=f"There is no column {column!r}: {known}") for column, line in unknown.items()
    ]
    if not rows and not problems:
        raise _wrong(f"{name} names no video: add a row for each.")
    return InputList(rows=tuple(rows), problems=tuple(sorted(problems, key=lambda problem: problem.line)))


def _wrong(text: str) -> SettingsError:
    return SettingsError(Problem(text=text, setting=Setting.SOURCE))


def _decoded(data: bytes, name: str) -> str:
    """Return the text of a file in UTF-8 or, with a byte order mark, UTF-16, which Excel calls Unicode."""
    if len(data) > LARGEST_BYTES:
        raise _wrong(f"{name} is larger than {LARGEST_BYTES >> 20} MB: name a list of videos, not a video.")
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\0" in data and not utf16:
        raise _wrong(f"{name} is not text in UTF-8: name a list in CSV or JSON Lines, which is saved as UTF-8.")
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(f"{name} is not UTF-8 text: save it as UTF-8, in Excel as “CSV UTF-8”.") from error


def _column(name: str) -> str:
    """Return a column's name as it is compared: `Session ID` is `session_id`."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def _json_rows(text: str) -> Iterator[ListRow | RowProblem]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            yield RowProblem(line=number, text="The line is no JSON object.")
            continue
        if not isinstance(data, dict):
            yield RowProblem(line=number, text="The line is no JSON object.")
            continue
        values: dict[str, tuple[str, ...]] = {}
        for name, value in data.items():
            texts = _json_texts(value)
            if texts is None:
                yield RowProblem(line=number, text=f"{_column(name)} must be a text, a number or a list of these.")
            elif any(texts):
                values[_column(name)] = texts
        yield ListRow(line=number, values=values)


def _json_texts(value: object) -> tuple[str, ...] | None:
    """Return a value as texts, None for what none is."""
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    if isinstance(value, str | int | float):
        return (str(value).strip(),)
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return tuple(str(one).strip() for one in value)
    return None


def _csv_rows(text: str, name: str) -> Iterator[ListRow | RowProblem]:
    lines = text.splitlines(keepends=True)
    above = 0
    named = _NAMED_SEPARATOR.fullmatch(lines[0]) if lines else None
    if named is not None:
        above = 1
    separator = named[1] if named is not None else _separator(lines[0] if lines else "")
    reader = csv.reader(io.StringIO("".join(lines[above:]), newline=""), delimiter=separator, strict=True)
    columns: list[str] = []
    begins = above + 1
    try:
        for cells in reader:
            line, begins = begins, above + reader.line_num + 1
            texts = [cell.strip() for cell in cells]
            if not any(texts):
                continue
            if not columns:
                columns = _columns(texts, name)
            elif any(texts[len(columns) :]):
                yield RowProblem(line=line, text=f"There are {len(texts)} cells for {len(columns)} columns.")
            else:
                values = {column: (cell,) for column, cell in zip(columns, texts, strict=False) if cell and column}
                yield ListRow(line=line, values=values)
    except csv.Error as error:
        yield RowProblem(line=begins, text=f"The row can't be read ({error}): look at its quotation marks.")


def _columns(cells: Sequence[str], name: str) -> list[str]:
    """Return the columns that a first line names. Raises SettingsError where it does not."""
    columns = [_column(cell) for cell in cells]
    if SOURCE not in columns:
        raise _wrong(
            f"{name} has no column {SOURCE}: its first line must name the columns, as in source,title,language."
        )
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    if twice:
        raise _wrong(f"{name} has two columns {twice[0]}: remove one of them.")
    return columns


def _separator(line: str) -> str:
    """Return what parts the cells of a first line: Excel writes semicolons where a comma is the decimal mark."""
    bare = _QUOTED.sub("", line)
    return max(_SEPARATORS, key=bare.count)
