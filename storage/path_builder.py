"""The one source of the paths under which a published video's files are stored. Pure; knows no storage."""

from __future__ import annotations

from storage.errors import InvalidPathError
from storage.paths import check_path

MASTER = "master.m3u8"
CAPTIONS = "subtitles.vtt"
CHAPTERS = "chapters.json"
POSTER = "poster.jpg"
MANIFEST = "manifest.json"


class StoragePathBuilder:
    """The paths below one destination.

    Args:
        prefix: the destination, such as `videos/lesson/`, with or without the slash at its end; empty for the storage's
            top.

    Raises:
        InvalidPathError: no object can be stored there.
    """

    def __init__(self, prefix: str) -> None:
        folder = prefix.removesuffix("/")
        if folder:
            check_path(folder)
        elif prefix:
            raise InvalidPathError(f"The path {prefix!r} must be relative: no leading slash.")
        self.prefix = f"{folder}/" if folder else ""
        """The destination with its slash: what the paths below begin with."""

    @property
    def master(self) -> str:
        """The playlist that players are given."""
        return self.prefix + MASTER

    @property
    def captions(self) -> str:
        """What was spoken, as one WebVTT file."""
        return self.prefix + CAPTIONS

    @property
    def chapters(self) -> str:
        """Where the parts of the video begin, and their titles."""
        return self.prefix + CHAPTERS

    @property
    def poster(self) -> str:
        """The picture that is shown before the video plays."""
        return self.prefix + POSTER

    @property
    def manifest(self) -> str:
        """The list of all that was uploaded."""
        return self.prefix + MANIFEST
