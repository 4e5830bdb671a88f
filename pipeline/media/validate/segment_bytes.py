"""The plain bytes of segments: parts of files, and AES-128 undone where there is a key. Knows no container."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK = 16
"""Bytes that AES works on at once; also the length of an AES-128 key."""


@dataclass(frozen=True, kw_only=True)
class Cipher:
    """AES-128 in CBC mode over a whole segment (RFC 8216, 4.3.2.4 and 5.2)."""

    key: bytes
    iv: bytes


class SegmentBytes:
    """One segment, initialization section or byte range, read at any place without keeping the file open."""

    def __init__(self, path: Path, *, offset: int, length: int, cipher: Cipher | None = None) -> None:
        self.path = path
        self.offset = offset
        self._stored = length
        self._cipher = cipher
        self.size = length if cipher is None else length - self._padding()

    @property
    def well_encrypted(self) -> bool:
        """Whether the key fits: whole blocks that end in padding (RFC 8216, 4.3.2.4). True of what is not encrypted."""
        return self._cipher is None or self.size < self._stored

    def read(self, at: int, count: int) -> bytes:
        """Return up to `count` bytes from `at`. Raises OSError."""
        with self.path.open("rb") as file:
            return self.read_from(file, at, count)

    def read_from(self, file: BinaryIO, at: int, count: int) -> bytes:
        """Return up to `count` bytes from `at` of the opened file."""
        count = min(count, self.size - at)
        if count <= 0:
            return b""
        if self._cipher is None:
            file.seek(self.offset + at)
            return file.read(count)
        first = at - at % BLOCK
        last = -(-(at + count) // BLOCK) * BLOCK
        return self._blocks(file, first, last - first)[at - first : at - first + count]

    def _blocks(self, file: BinaryIO, first: int, count: int) -> bytes:
        from cryptography.hazmat.primitives.ciphers import Cipher as Aes
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import CBC

        assert self._cipher is not None
        before = min(first, BLOCK)  # in CBC each block needs the one before it; the first needs the IV
        file.seek(self.offset + first - before)
        data = file.read(before + count)
        data = data[: len(data) - len(data) % BLOCK]
        decryptor = Aes(AES(self._cipher.key), CBC(data[:BLOCK] if before else self._cipher.iv)).decryptor()
        return decryptor.update(data[before:]) + decryptor.finalize()

    def _padding(self) -> int:
        """Return how many bytes of padding (PKCS7) end the segment, 0 where there is none that is right."""
        if self._stored < BLOCK or self._stored % BLOCK:
            return 0
        with self.path.open("rb") as file:
            end = self._blocks(file, self._stored - BLOCK, BLOCK)
        count = end[-1] if end else 0
        return count if 1 <= count <= BLOCK and end.endswith(bytes([count]) * count) else 0


class Chain:
    """Several pieces as one file that is read from start to end, for a demuxer; tells which piece a place belongs to.

    `on_piece` is called with the number of each piece that is begun.
    """

    def __init__(self, pieces: Sequence[SegmentBytes], on_piece: Callable[[int], None] = lambda _: None) -> None:
        self._pieces = pieces
        self._on_piece = on_piece
        self._starts: list[int] = []
        self._read = 0
        self._position = 0
        self._file: BinaryIO | None = None

    def read(self, count: int) -> bytes:
        """Return the next bytes, none at the end. Raises OSError."""
        while True:
            if self._file is None:
                number = len(self._starts)
                if number == len(self._pieces):
                    return b""
                self._on_piece(number)
                self._file = self._pieces[number].path.open("rb")
                self._starts.append(self._read)
                self._position = 0
            piece = self._pieces[len(self._starts) - 1]
            data = piece.read_from(self._file, self._position, count)
            if data:
                self._position += len(data)
                self._read += len(data)
                return data
            self.close()

    def close(self) -> None:
        """Close the file that is being read."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def piece_at(self, position: int) -> tuple[int, int]:
        """Return the number of the piece that holds a position of the whole, and the place in it."""
        number = max(0, bisect.bisect_right(self._starts, position) - 1)
        return number, position - self._starts[number]
