"""The stream's folder: which file an address in a playlist means, and its text. Knows no rule of media."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipeline.media.validate.findings import RuleNotes

PLAYLIST_BYTES = 64 << 20
"""No playlist is larger: ten hours with an I-frame a second take 4 MB."""


class Folder:
    """Resolves addresses inside one folder and notes those that lead nowhere."""

    def __init__(self, root: Path, notes: RuleNotes) -> None:
        self.root = root.resolve()
        self._notes = notes
        self._sizes: dict[str, int | None] = {}

    def relative(self, path: Path) -> str:
        """Return a file's path as it is shown: relative to the folder, with slashes."""
        return path.relative_to(self.root).as_posix()

    def find(self, uri: str, playlist: Path) -> Path | None:
        """Return the file that an address in `playlist` means; None, and a note, where it is not in the folder."""
        shown = self.relative(playlist)
        try:
            parts = urlsplit(uri)
        except ValueError:
            self._notes.breaks("RFC 8216 4.1", shown, f"{uri!r} is not an address.")
            return None
        if parts.netloc or parts.scheme in ("http", "https"):
            self._notes.leave(f"{shown}: {uri} is on a server, so it was not checked.")
            return None
        path = self.inside(uri, playlist)
        if path is None:
            self._notes.breaks(
                "RFC 8216 6.2.1", shown, f"{uri} leads out of the folder, so it would not be published with the stream."
            )
        return path

    def inside(self, uri: str, playlist: Path) -> Path | None:
        """Return the file of this folder that a relative address in `playlist` means, None if it means none."""
        try:
            parts = urlsplit(uri)
        except ValueError:
            return None
        name = unquote(parts.path)
        if parts.scheme or parts.netloc or name.startswith("/") or "\0" in name:
            return None
        path = Path(os.path.normpath(playlist.parent / name))
        return path if path.is_relative_to(self.root) else None

    def size(self, path: Path) -> int | None:
        """Return a file's size in bytes, None where it is not a file of the folder; asked of the disk once."""
        key = str(path)
        if key not in self._sizes:
            try:
                inside = path.is_file() and path.resolve().is_relative_to(self.root)
                self._sizes[key] = path.stat().st_size if inside else None
            except OSError:
                self._sizes[key] = None
        return self._sizes[key]

    def stamp(self, path: Path) -> tuple[str, int, int]:
        """Return what changes if a file is written again: its name, size and time. Zeroes where it is gone."""
        try:
            found = path.stat()
        except OSError:
            return self.relative(path), 0, 0
        return self.relative(path), found.st_size, found.st_mtime_ns

    def text(self, path: Path) -> str | None:
        """Return a text file's content; None, and a note, where there is none."""
        shown = self.relative(path)
        size = self.size(path)
        if size is None:
            self._notes.breaks("RFC 8216 6.2.1", shown, "The file is missing.")
            return None
        if size > PLAYLIST_BYTES:
            self._notes.breaks("RFC 8216 4.1", shown, f"The file has {size} bytes, which is too much for a text.")
            return None
        try:
            return path.read_bytes().decode("utf-8")
        except OSError as error:
            self._notes.breaks("RFC 8216 6.2.1", shown, f"The file can't be read ({error.strerror}).")
        except UnicodeDecodeError:
            self._notes.breaks("RFC 8216 4.1", shown, "The file is not text in UTF-8.")
        return None
