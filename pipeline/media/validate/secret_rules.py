"""The rule that a stream's key is not published beside what it encrypts. Knows no media."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pipeline.media.validate.containers import Container, container_of
from pipeline.media.validate.findings import RuleNotes
from pipeline.media.validate.folder import Folder
from pipeline.media.validate.segment_bytes import BLOCK, Cipher, SegmentBytes
from pipeline.media.validate.segments import Stream
from pipeline.published import published_files

RULE = "RFC 8216 10"


def check_key_is_not_published(
    streams: Iterable[Stream],
    files: Mapping[Path, Sequence[SegmentBytes | None]],
    folder: Folder,
    key: bytes | None,
    notes: RuleNotes,
) -> None:
    """Note a file that would be published and is the key, unless a playlist asks for it.

    Where the editor asks for it there is nothing to check.
    """
    encrypted = [stream for stream in streams if any(segment.key is not None for segment in stream.playlist.segments)]
    if not encrypted:
        return
    meant = {path.resolve() for stream in encrypted for path in _key_files(stream, folder)}
    for path in published_files(folder.root):
        if path.stat().st_size == BLOCK and path.resolve() not in meant:
            secret = path.read_bytes()
            if secret == key or any(_opens(secret, stream, files[stream.path]) for stream in encrypted):
                text = (
                    "This is the key of the encrypted segments: "
                    "it would be published with them, though no playlist asks for it here."
                )
                # it plays, for everybody: encryption that protects nothing must not be published either
                notes.breaks(RULE, folder.relative(path), text)


def _key_files(stream: Stream, folder: Folder) -> Iterable[Path]:
    for uri in {segment.key.uri for segment in stream.playlist.segments if segment.key is not None and segment.key.uri}:
        path = folder.inside(uri, stream.path)
        if path is not None:
            yield path


def _opens(secret: bytes, stream: Stream, files: Sequence[SegmentBytes | None]) -> bool:
    """Whether a key decrypts a stream's first segment."""
    for segment, file in zip(stream.playlist.segments, files, strict=True):
        if segment.key is not None and file is not None and segment.key.method == "AES-128":
            iv = segment.key.iv or segment.number.to_bytes(BLOCK, "big")
            plain = SegmentBytes(file.path, offset=file.offset, length=file.size, cipher=Cipher(key=secret, iv=iv))
            return plain.well_encrypted and container_of(plain.read(0, 400)) is not Container.UNKNOWN
    return False
