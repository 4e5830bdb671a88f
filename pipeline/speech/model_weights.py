"""The weights of a model in CTranslate2's form: whether the file is as long as its own headers say.

Only the headers are read, so that it costs as little for 3 GB. The form is that of CTranslate2's
`python/ctranslate2/specs/model_spec.py`, `_serialize`: numbers in little endian; a text has its length, with a zero
byte at its end, in two bytes before it.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

VERSIONS = (4, 5, 6)
"""The versions of the form that are known to be like this."""


def is_incomplete(path: Path) -> bool:
    """Whether the end of the file is missing. One in another form counts as whole. Raises OSError."""
    with path.open("rb") as file:
        size_bytes = path.stat().st_size
        try:
            return _end(file) > size_bytes
        except _CutError:
            return True


class _CutError(Exception):
    """The file ends within a header."""


def _end(file: BinaryIO) -> int:
    """Return where the file should end, as far as its headers tell. Raises _CutError."""
    (version,) = _numbers(file, "<I")
    if version not in VERSIONS:
        return 0
    _skip_text(file)
    _, variables = _numbers(file, "<II")
    for _ in range(variables):
        _skip_text(file)
        (rank,) = _numbers(file, "<B")
        _numbers(file, f"<{rank}I")
        _, size_bytes = _numbers(file, "<BI")
        file.seek(size_bytes, os.SEEK_CUR)
    (aliases,) = _numbers(file, "<I")
    for _ in range(2 * aliases):
        _skip_text(file)
    return file.tell()


def _skip_text(file: BinaryIO) -> None:
    (length,) = _numbers(file, "<H")
    file.seek(length, os.SEEK_CUR)


def _numbers(file: BinaryIO, form: str) -> tuple[int, ...]:
    data = file.read(struct.calcsize(form))
    if len(data) < struct.calcsize(form):
        raise _CutError
    return struct.unpack(form, data)
