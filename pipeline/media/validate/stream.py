"""Walks a stream's folder: from the master playlist to all it names, one rule module after another.

Owns only the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from config import VERSION
from pipeline.cancel import CancelToken
from pipeline.checkpoints import key_of
from pipeline.errors import NewerVersionError, OutputError, SettingsError
from pipeline.files import is_folder, is_there
from pipeline.job_file import FIRST_FORM, JobFile, read_job_file
from pipeline.media.stream_layout import MASTER
from pipeline.media.validate import (
    iframe_rules,
    master_rules,
    playlist_rules,
    session_rules,
    subtitle_rules,
    timing_rules,
    variant_rules,
)
from pipeline.media.validate.findings import RuleNotes, Validation
from pipeline.media.validate.folder import Folder
from pipeline.media.validate.m3u8 import parse_playlist
from pipeline.media.validate.measured import VideoFacts
from pipeline.media.validate.playlist_model import MasterPlaylist, MediaPlaylist, MediaRendition, Variant
from pipeline.media.validate.playlist_rules import Role
from pipeline.media.validate.secret_rules import check_key_is_not_published
from pipeline.media.validate.segment_bytes import BLOCK, SegmentBytes
from pipeline.media.validate.segments import Source, Stream, find_files, read_stream
from pipeline.published import JOB_FILE
from pipeline.work_log import WorkLog

ROLES = {"AUDIO": Role.AUDIO, "VIDEO": Role.VIDEO, "SUBTITLES": Role.SUBTITLES}
INDEPENDENT = "EXT-X-INDEPENDENT-SEGMENTS"


def validate(
    folder: Path,
    *,
    key: bytes | None = None,
    cancel: CancelToken | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
    log: Path | None = None,
) -> Validation:
    """Check a stream's folder against RFC 8216 and Apple's HLS authoring specification.

    Args:
        folder: where master.m3u8 lies, and job.json where the program made the stream.
        key: 16 bytes that decrypt AES-128 segments; without them what encrypted segments hold is not checked.
        cancel: asked before each file.
        on_progress: called with the share that is done, 0 to 1.
        log: the file that keeps what is read; what an earlier check has read of the same files is not read again.

    Raises:
        OutputError: there is no such folder, or no stream in it; or `log` can't be written.
        SettingsError: the key is not 16 bytes long.
        Cancelled: the job was cancelled.
    """
    if key is not None and len(key) != BLOCK:
        raise SettingsError(
            f"The key has {len(key)} bytes, but AES-128 needs {BLOCK}: choose the key file of this stream."
        )
    if not is_there(folder):
        raise OutputError(f"{folder} was not found: name the folder of a stream.")
    if not is_folder(folder):
        raise OutputError(f"{folder} is not a folder: name the folder of a stream.")
    master = folder / MASTER
    if not is_there(master):
        raise OutputError(f"{folder} contains no {MASTER}: it is not a stream, or not finished.")
    with WorkLog(log, key_of(VERSION)) as kept:
        return _Walk(folder, key, cancel or CancelToken(), on_progress, kept).walk()


@dataclass(kw_only=True)
class _Declared:
    """A variant with the streams that are played for it: its own, and one of each group."""

    variant: Variant
    own: Stream | None
    groups: dict[Role, list[Stream]] = field(default_factory=dict)

    @property
    def all(self) -> list[Stream]:
        own = [self.own] if self.own is not None else []
        return own + [stream for streams in self.groups.values() for stream in streams if stream is not self.own]


class _Walk:
    def __init__(
        self,
        folder: Path,
        key: bytes | None,
        cancel: CancelToken,
        on_progress: Callable[[float], None],
        log: WorkLog,
    ) -> None:
        self._notes = RuleNotes()
        self._folder = Folder(folder, self._notes)
        self._cancel = cancel
        self._on_progress = on_progress
        self._source = Source(
            folder=self._folder, notes=self._notes, key=key, cancel=cancel, on_bytes=self._add_bytes, log=log
        )
        self._key = key
        self._streams: dict[Path, Stream | None] = {}
        self._files: dict[Path, list[SegmentBytes | None]] = {}
        self._bytes = self._bytes_read = 0

    def walk(self) -> Validation:
        """Check everything that the master playlist names."""
        path = self._folder.root / MASTER
        text = self._folder.text(path)
        playlist = parse_playlist(text) if text is not None else None
        if playlist is not None:
            playlist_rules.check_header(playlist, MASTER, self._notes)
        if isinstance(playlist, MediaPlaylist):
            self._notes.breaks(
                "RFC 8216 4.3.4", MASTER, "The file is not a master playlist: it lists no stream (EXT-X-STREAM-INF)."
            )
        elif playlist is not None:
            master_rules.check_master(playlist, MASTER, self._notes)
            session_rules.check_session_data(playlist, path, self._folder, self._notes)
            self._check_streams(playlist, path)
        self._on_progress(1.0)
        streams = [stream for stream in self._streams.values() if stream is not None]
        return Validation(
            findings=tuple(self._notes.findings),
            unchecked=tuple(self._notes.unchecked),
            playlists=len(streams) + 1,
            segments=sum(len(stream.playlist.segments) for stream in streams if stream.role is not Role.IFRAMES),
        )

    def _check_streams(self, master: MasterPlaylist, path: Path) -> None:
        renditions = {
            id(media): self._load(uri, ROLES[kind], path)
            for media in master.media
            for kind, uri in [(media.attributes.get("TYPE"), media.attributes.get("URI"))]
            if uri and kind in ROLES
        }
        declared = [self._declared(master, variant, renditions, path) for variant in master.variants]
        iframes = [
            (variant, self._load(variant.uri, Role.IFRAMES, path)) for variant in master.iframe_variants if variant.uri
        ]
        loaded = [stream for stream in self._streams.values() if stream is not None]
        for stream in loaded:
            self._files[stream.path] = find_files(stream, self._source)
        played = [stream for stream in loaded if stream.role in (Role.VARIANT, Role.AUDIO, Role.VIDEO)]
        self._bytes = sum(sum(stream.sizes) for stream in played)
        for stream in played:
            read_stream(stream, self._files[stream.path], self._source)
            timing_rules.check_times(stream, self._notes)
            if stream.contents is not None:
                variant_rules.check_encoding(stream, self._notes)
        timing_rules.check_aligned(played, self._notes)
        self._check_independent(master, played)
        self._check_variants(declared)
        for media in master.media:
            stream_of = renditions.get(id(media))
            if stream_of is not None and stream_of.role is Role.AUDIO:
                variant_rules.check_channels(media.attributes, stream_of, MASTER, self._notes)
        self._check_iframes(declared, iframes)
        self._check_subtitles(loaded, played)
        job = self._job()
        self._check_job(played, job)
        meant = job is not None and job.publishes_key
        if not meant:
            check_key_is_not_published(loaded, self._files, self._folder, self._key, self._notes)

    def _load(self, uri: str, role: Role, master: Path) -> Stream | None:
        path = self._folder.find(uri, master)
        if path is None:
            return None
        if path in self._streams:
            return self._streams[path]
        self._cancel.check()
        self._streams[path] = None
        text = self._folder.text(path)
        file = self._folder.relative(path)
        playlist = parse_playlist(text) if text is not None else None
        if playlist is not None:
            playlist_rules.check_header(playlist, file, self._notes)
        if isinstance(playlist, MediaPlaylist):
            playlist_rules.check_media(playlist, role, file, self._notes)
            self._streams[path] = Stream(path=path, file=file, role=role, playlist=playlist)
        elif playlist is not None:
            self._notes.breaks(
                "RFC 8216 4.1", file, "The file is a master playlist, but a playlist of segments is needed here."
            )
        return self._streams[path]

    def _declared(
        self, master: MasterPlaylist, variant: Variant, renditions: dict[int, Stream | None], path: Path
    ) -> _Declared:
        declared = _Declared(variant=variant, own=self._load(variant.uri, Role.VARIANT, path) if variant.uri else None)
        for kind, role in ROLES.items():
            members: list[MediaRendition] = master_rules.group_members(master, kind, variant.attributes.get(kind))
            found = (renditions.get(id(member)) for member in members)
            declared.groups[role] = [stream for stream in found if stream is not None]
        return declared

    def _check_independent(self, master: MasterPlaylist, played: Iterable[Stream]) -> None:
        if any(tag.name == INDEPENDENT for tag in master.tags):
            return
        # players learn from the segments that each begins with a keyframe
        self._notes.not_ideal("Apple 9.11", MASTER, f"{INDEPENDENT} is missing.")
        for stream in played:
            if stream.role is Role.VARIANT and stream.playlist.value(INDEPENDENT) is None:
                self._notes.not_ideal("Apple 9.12", stream.file, f"{INDEPENDENT} is neither here nor in {MASTER}.")

    def _check_variants(self, declared: Iterable[_Declared]) -> None:
        videos = []
        for each in declared:
            attributes, name = each.variant.attributes, each.variant.uri or f"The variant in line {each.variant.line}"
            if each.own is None:
                continue
            audio = each.groups[Role.AUDIO]
            # a stream of audio alone is a member of its own group: one member is played at a time
            groups = [*([] if each.own in audio else [[each.own]]), audio, each.groups[Role.SUBTITLES]]
            variant_rules.check_rates(attributes, groups, name, MASTER, self._notes)
            variant_rules.check_codecs(attributes, [each.own, *audio], name, "RFC 8216 4.3.4.2", MASTER, self._notes)
            video = each.own.contents.video if each.own.contents is not None else None
            if video is not None:
                variant_rules.check_video(attributes, video, name, MASTER, self._notes)
                videos.append((attributes, name, video))
        variant_rules.check_shapes([(name, video) for _, name, video in videos], MASTER, self._notes)
        variant_rules.check_colours(videos, MASTER, self._notes)

    def _check_iframes(self, declared: Iterable[_Declared], iframes: Iterable[tuple[Variant, Stream | None]]) -> None:
        variants = [each.own for each in declared if each.own is not None]
        keyframes = {
            at: size for own in variants if own.contents is not None for at, size in own.contents.keyframes.items()
        }
        frames_s = [
            own.contents.video.frame_s
            for own in variants
            if own.contents is not None and own.contents.video is not None
        ]
        sizes = set()
        for variant, stream in iframes:
            attributes, name = variant.attributes, variant.uri or ""
            sizes.add(attributes.resolution())
            if stream is None:
                continue
            video = iframe_rules.check_iframes(
                stream, self._files[stream.path], keyframes, max(frames_s, default=1.0), self._source
            )
            if stream.encrypted or any(own.encrypted for own in variants):
                text = (
                    "The segments are encrypted as a whole, so no part of them can be read alone: "
                    "there must be no I-frame playlist."
                )
                self._notes.breaks("RFC 8216 4.3.2.4", stream.file, text)
                continue
            self._check_iframe_stream(variant, stream, video, name)
        for own in variants:
            found = own.contents.video if own.contents is not None else None
            if found is not None and not own.encrypted and (found.width, found.height) not in sizes:
                self._notes.not_ideal(
                    "Apple 6.1", MASTER, f"{own.file} ({found.width}x{found.height}) has no I-frame playlist."
                )

    def _check_iframe_stream(self, variant: Variant, stream: Stream, video: VideoFacts | None, name: str) -> None:
        """Check what the master says of I-frames: of nothing untrue players suffer more than that there are no frames
        while seeking.
        """
        notes = RuleNotes()
        variant_rules.check_rates(variant.attributes, [[stream]], name, MASTER, notes)
        if video is not None:
            size = variant.attributes.resolution()
            if size is not None and size != (video.width, video.height):
                text = (
                    f"{name} declares RESOLUTION {size[0]}x{size[1]}, but its frames are {video.width}x{video.height}."
                )
                notes.not_ideal("RFC 8216 4.3.4.3", MASTER, text)
            variant_rules.check_range(variant.attributes, video, name, MASTER, notes)
            variant_rules.check_video_codec(variant.attributes, video, name, "RFC 8216 4.3.4.3", MASTER, notes)
        for finding in notes.findings:
            self._notes.not_ideal(finding.rule, finding.file, finding.text)

    def _check_subtitles(self, loaded: Iterable[Stream], played: list[Stream]) -> None:
        main = next((stream for stream in played if stream.role is Role.VARIANT), None)
        for stream in loaded:
            if stream.role is not Role.SUBTITLES:
                continue
            if main is not None:
                timing_rules.check_subtitles_cover(stream, main, self._notes)
            if subtitle_rules.is_webvtt(stream, self._notes):
                first_s = timing_rules.first_time_s(main) if main is not None else None
                slack_s = timing_rules.start_slack_s(main) if main is not None else 0.0
                subtitle_rules.check_subtitles(stream, self._files[stream.path], first_s, slack_s, self._source)

    def _check_job(self, played: Iterable[Stream], job: JobFile | None) -> None:
        encoded = None if job is None else job.done.hls
        if encoded is None or encoded.duration_s <= 0:
            self._notes.leave(f"There is no {JOB_FILE} that tells how long the source lasts, so that was not checked.")
            return
        for stream in played:
            if stream.role is Role.VARIANT:
                timing_rules.check_source_duration(stream, encoded.duration_s, encoded.frame_s or None, self._notes)

    def _job(self) -> JobFile | None:
        """Return what the program noted of the stream, None where nothing tells that can be understood here."""
        try:
            return read_job_file(self._folder.root, oldest=FIRST_FORM)
        except NewerVersionError as error:
            self._notes.leave(f"{JOB_FILE} was not read: {error}")
            return None

    def _add_bytes(self, count: int) -> None:
        self._bytes_read += count
        self._on_progress(min(1.0, self._bytes_read / self._bytes) if self._bytes else 0.0)
