"""From a playlist to its segments: are the files there and whole, which follow each other, and what do they hold.

Owns the rules about single files; what the segments hold is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.checkpoints import key_of
from pipeline.media.validate.containers import (
    TABLE_PACKETS,
    TS_PACKET,
    Container,
    container_of,
    fmp4_fault,
    init_fault,
    ts_fault,
)
from pipeline.media.validate.findings import RuleNotes, Severity
from pipeline.media.validate.folder import Folder
from pipeline.media.validate.kept_contents import contents_from_json, contents_to_json
from pipeline.media.validate.measured import Contents, SegmentRun, read_contents
from pipeline.media.validate.playlist_model import EncryptionKey, Map, MediaPlaylist, MediaSegment, StatedRange
from pipeline.media.validate.playlist_rules import Role
from pipeline.media.validate.segment_bytes import BLOCK, Cipher, SegmentBytes
from pipeline.work_log import WorkLog

HEAD_BYTES = TABLE_PACKETS * TS_PACKET
MISSING = "RFC 8216 6.2.1"


@dataclass(kw_only=True)
class Stream:
    """A media playlist of the folder with all that was found out about it.

    `sizes` are the bytes of each segment, 0 where it is missing; `contents` None where nothing could be read.
    """

    path: Path
    file: str
    role: Role
    playlist: MediaPlaylist
    sizes: list[int] = field(default_factory=list)
    contents: Contents | None = None
    encrypted: bool = False


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where segments come from: the folder, the key that the caller gave, and whom to tell.

    `told` are the faults of files already noted: I-frame playlists name the same files as the segments' own. `log`
    keeps what was read of each playlist.
    """

    folder: Folder
    notes: RuleNotes
    key: bytes | None
    cancel: CancelToken
    on_bytes: Callable[[int], None]
    log: WorkLog
    told: set[tuple[Path, str]] = field(default_factory=set)


def find_files(stream: Stream, source: Source) -> list[SegmentBytes | None]:
    """Find each segment's bytes and note those that are missing, empty or shorter than their byte range."""
    faults: dict[str, list[tuple[str, str]]] = {}
    found: list[SegmentBytes | None] = []
    for segment in stream.playlist.segments:
        source.cancel.check()
        path = None if segment.gap else source.folder.find(segment.uri, stream.path)
        piece, fault = _piece(segment.byte_range, path, source)
        if fault is not None and path is not None and (path, fault) not in source.told:
            faults.setdefault(fault, []).append((source.folder.relative(path), fault))
            source.told.add((path, fault))
        found.append(piece)
        stream.sizes.append(piece.size if piece is not None else 0)
    for broken in faults.values():
        source.notes.add_each(Severity.BREAKS_PLAYBACK, MISSING, broken)
    return found


def read_stream(stream: Stream, files: list[SegmentBytes | None], source: Source) -> None:
    """Read what all segments of a playlist with video or audio hold, and note those that can't be read."""
    stream.encrypted = any(segment.key is not None for segment in stream.playlist.segments)
    container, runs = _runs(stream, files, source)
    if not runs:
        return
    if container not in (Container.TS, Container.FMP4):
        source.notes.leave(f"{stream.file}: the segments are {container.value}, so their content was not checked.")
        return

    def on_segment(number: int) -> None:
        source.cancel.check()
        source.on_bytes(stream.sizes[number])

    contents = stream.contents = _contents(stream, container, runs, files, source, on_segment)
    shown = [source.folder.relative(piece.path) if piece is not None else stream.file for piece in files]
    unread = [(shown[n], f"The segment can't be read: {reason}.") for n, reason in contents.broken.items()]
    source.notes.add_each(Severity.BREAKS_PLAYBACK, "RFC 8216 3", unread)
    read = {number for run in runs for number in run.numbers}
    empty = [
        (shown[n], "The segment contains no frame.")
        for n in sorted(read)
        if contents.spans[n] is None and n not in contents.broken
    ]
    source.notes.add_each(Severity.BREAKS_PLAYBACK, "RFC 8216 3", empty)
    torn = [
        (shown[n], "Packets are missing or out of order.")
        for n, spans in enumerate(contents.spans)
        if spans and spans.corrupt
    ]
    source.notes.add_each(Severity.BREAKS_PLAYBACK, "Apple 7.2", torn)


def _contents(
    stream: Stream,
    container: Container,
    runs: list[SegmentRun],
    files: list[SegmentBytes | None],
    source: Source,
    on_segment: Callable[[int], None],
) -> Contents:
    """Return what all segments hold: as a check that was cut short has read them, if they are the same files."""
    root = source.folder.root
    made_of = key_of(stream.file, [None if piece is None else source.folder.stamp(piece.path) for piece in files])
    name = f"{stream.file} {made_of}"
    kept = contents_from_json(source.log.done[name], root) if name in source.log.done else None
    if kept is not None and len(kept.spans) == len(files):
        for number in range(len(files)):
            on_segment(number)
        return kept
    contents = read_contents(container, runs, len(files), on_segment)
    if (stored := contents_to_json(contents, root)) is not None:
        source.log.add(name, stored)
    return contents


def initialization(init: Map, stream: Stream, source: Source) -> SegmentBytes | None:
    """Return the plain bytes of an initialization section; None, and a note, where they are missing or not whole."""
    path = source.folder.find(init.uri, stream.path)
    piece, fault = _piece(init.byte_range, path, source)
    if fault is not None and path is not None:
        source.notes.breaks(MISSING, source.folder.relative(path), fault)
    if piece is not None and init.key is not None:
        cipher = _cipher(init.key, init.key.iv or bytes(BLOCK), stream, source)
        piece = SegmentBytes(piece.path, offset=piece.offset, length=piece.size, cipher=cipher) if cipher else None
    if piece is None:
        return None
    try:
        broken = init_fault(piece) if container_of(piece.read(0, HEAD_BYTES)) is not Container.TS else None
    except OSError as error:
        broken = (MISSING, f"The file can't be read ({error.strerror}).")
    if broken is not None:
        source.notes.breaks(broken[0], source.folder.relative(piece.path), broken[1])
        return None
    return piece


def _piece(byte_range: StatedRange | None, path: Path | None, source: Source) -> tuple[SegmentBytes | None, str | None]:
    if path is None:
        return None, None
    size = source.folder.size(path)
    if size is None:
        return None, "The file is missing."
    if size == 0:
        return None, "The file is empty."
    part = byte_range or StatedRange(size, 0)
    if part.offset + part.length > size:
        return None, f"The byte range ends at {part.offset + part.length}, but the file has {size} bytes."
    if part.length == 0:
        return None, "The byte range is empty."
    return SegmentBytes(path, offset=part.offset, length=part.length), None


def _cipher(key: EncryptionKey, iv: bytes, stream: Stream, source: Source) -> Cipher | None:
    """Return how a segment is decrypted; None, and a note, where it can't be."""
    if key.method != "AES-128" or key.key_format != "identity":
        source.notes.leave(
            f"{stream.file}: the segments are encrypted with {key.method}, so their content was not checked."
        )
        return None
    secret = source.key
    path = source.folder.inside(key.uri, stream.path) if key.uri and secret is None else None
    if path is not None and source.folder.size(path) == BLOCK:
        secret = path.read_bytes()
    if secret is None:
        source.notes.leave(
            f"{stream.file}: the segments are encrypted and no key was given, so their content was not checked."
        )
        return None
    return Cipher(key=secret, iv=iv)


def _runs(stream: Stream, files: list[SegmentBytes | None], source: Source) -> tuple[Container, list[SegmentRun]]:
    """Return the container and the stretches of whole segments that follow each other without a break."""
    container: Container | None = None
    runs: list[tuple[SegmentBytes | None, list[int], list[SegmentBytes]]] = []
    inits: dict[Map, SegmentBytes | None] = {}
    faults: dict[tuple[str, str], list[tuple[str, str]]] = {}
    before: MediaSegment | None = None
    for number, (segment, file) in enumerate(zip(stream.playlist.segments, files, strict=True)):
        source.cancel.check()
        if segment.init is not None and segment.init not in inits:
            inits[segment.init] = initialization(segment.init, stream, source)
        init = inits[segment.init] if segment.init is not None else None
        kind, piece, fault = _checked(segment, file, stream, source)
        if fault is not None and file is not None:
            faults.setdefault(fault, []).append((source.folder.relative(file.path), fault[1]))
        if piece is None or (segment.init is not None and init is None):
            before = None
            continue
        container = container or kind
        if kind is not container:
            text = f"{segment.uri} is {kind.value}, but the segments before it are {container.value}."
            source.notes.breaks("RFC 8216 3", stream.file, text)
            before = None
            continue
        if before is None or segment.discontinuity or segment.init != before.init:
            runs.append((init, [], []))
        runs[-1][1].append(number)
        runs[-1][2].append(piece)
        before = segment
    for (rule, _), broken in faults.items():
        source.notes.add_each(Severity.BREAKS_PLAYBACK, rule, broken)
    return container or Container.UNKNOWN, [
        SegmentRun(init=init, numbers=numbers, pieces=pieces) for init, numbers, pieces in runs
    ]


def _checked(
    segment: MediaSegment, file: SegmentBytes | None, stream: Stream, source: Source
) -> tuple[Container, SegmentBytes | None, tuple[str, str] | None]:
    """Return a segment's container, its plain bytes where they are whole, and the rule that it breaks otherwise."""
    if file is None:
        return Container.UNKNOWN, None, None
    try:
        if segment.key is not None:
            cipher = _cipher(segment.key, segment.key.iv or segment.number.to_bytes(BLOCK, "big"), stream, source)
            if cipher is None:
                return Container.UNKNOWN, None, None
            file = SegmentBytes(file.path, offset=file.offset, length=file.size, cipher=cipher)
            if not file.well_encrypted:
                return Container.UNKNOWN, None, ("RFC 8216 4.3.2.4", "The segment can't be decrypted with this key.")
        kind = container_of(file.read(0, HEAD_BYTES))
        if kind is Container.UNKNOWN:
            said = (
                "The key does not fit." if segment.key is not None else "It is damaged, or encrypted without EXT-X-KEY."
            )
            return (
                kind,
                None,
                ("RFC 8216 4.3.2.4", f"The segment is neither a transport stream nor fragmented MP4. {said}"),
            )
        if kind is Container.TS:
            return kind, *_or_fault(file, ts_fault(file, needs_tables=segment.init is None))
        if kind is Container.FMP4 and segment.init is None:
            return (
                kind,
                None,
                ("Apple 8.20", "The segment is fragmented MP4, but the playlist has no EXT-X-MAP for it."),
            )
        return kind, *_or_fault(file, fmp4_fault(file) if kind is Container.FMP4 else None)
    except OSError as error:
        return Container.UNKNOWN, None, (MISSING, f"The file can't be read ({error.strerror}).")


def _or_fault(piece: SegmentBytes, fault: tuple[str, str] | None) -> tuple[SegmentBytes | None, tuple[str, str] | None]:
    return (piece, None) if fault is None else (None, fault)
