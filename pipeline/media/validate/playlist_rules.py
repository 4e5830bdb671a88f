"""Rules about the text of playlists: tags, versions, durations, addresses of keys.

Pure: sees no file but the playlist.
"""

from __future__ import annotations

import math
from collections import Counter
from enum import Enum

from pipeline.media.validate.findings import RuleNotes, Severity
from pipeline.media.validate.m3u8 import MASTER_TAGS, MEDIA_TAGS, SEGMENT_TAGS, SHARED_TAGS
from pipeline.media.validate.playlist_model import MasterPlaylist, MediaPlaylist

TARGET_S = 6
"""Apple 7.5: target durations should be 6 seconds."""

LONG_TARGET_S = 12
"""A segment is fetched whole before it is shown: longer ones delay start and seeking on a slow line."""

OVER_TARGET_S = 0.5
"""Apple 7.7: no segment exceeds the target duration by more."""

SINGLE_SECTIONS = {
    "EXTM3U": "4.3.1.1",
    "EXT-X-VERSION": "4.3.1.2",
    **dict.fromkeys(MEDIA_TAGS, "4.3.3"),
    **dict.fromkeys(SHARED_TAGS, "4.3.5"),
}
"""Tags that stand at most once in a playlist, and the sections of RFC 8216 that say so."""


class Role(Enum):
    """What a media playlist is for."""

    VARIANT = "variant"
    AUDIO = "audio"
    VIDEO = "video"
    SUBTITLES = "subtitles"
    IFRAMES = "I-frames"


def check_header(playlist: MasterPlaylist | MediaPlaylist, file: str, notes: RuleNotes) -> None:
    """Check what every playlist must have: its first line, single tags, a version, and nothing of the other kind."""
    if playlist.first_line != "#EXTM3U":
        notes.breaks("RFC 8216 4.3.1.1", file, "The first line is not #EXTM3U.")
    counts = Counter(tag.name for tag in playlist.tags)
    for name, section in SINGLE_SECTIONS.items():  # hls.js refuses a playlist that says one of them twice
        if counts[name] > 1:
            notes.breaks(f"RFC 8216 {section}", file, f"{name} appears {counts[name]} times, but may appear once.")
    misplaced = (SEGMENT_TAGS | MEDIA_TAGS) if isinstance(playlist, MasterPlaylist) else MASTER_TAGS
    kind = "master" if isinstance(playlist, MasterPlaylist) else "media"
    for name in sorted(misplaced & counts.keys()):
        section = "4.3.4" if name in MASTER_TAGS else "4.3.3" if name in MEDIA_TAGS else "4.3.2"
        notes.breaks(f"RFC 8216 {section}", file, f"{name} does not belong in a {kind} playlist.")
    for fault in playlist.faults:
        notes.breaks(f"RFC 8216 {fault.section}", file, f"Line {fault.line}: {fault.text}.")
    _check_version(playlist, file, notes)


def check_media(playlist: MediaPlaylist, role: Role, file: str, notes: RuleNotes) -> None:
    """Check the text of a media playlist."""
    if not playlist.segments:
        notes.breaks("RFC 8216 3", file, "The playlist lists no segment.")
    if "EXT-X-TARGETDURATION" not in {tag.name for tag in playlist.tags}:
        notes.breaks("RFC 8216 4.3.3.1", file, "EXT-X-TARGETDURATION is missing.")
    missing = [segment for segment in playlist.segments if segment.duration_s is None]
    if missing:
        notes.breaks(
            "RFC 8216 4.3.2.1", file, f"{missing[0].uri} has no EXTINF with its duration{_and_others(len(missing))}."
        )
    _check_durations(playlist, role, file, notes)
    _check_end(playlist, file, notes)
    if (role is Role.IFRAMES) != playlist.iframes_only:
        text = (
            "EXT-X-I-FRAMES-ONLY is missing"
            if role is Role.IFRAMES
            else "EXT-X-I-FRAMES-ONLY is in a playlist that is to be played"
        )
        notes.breaks("Apple 6.8" if role is Role.IFRAMES else "RFC 8216 4.3.3.6", file, f"{text}.")
    for key in {segment.key for segment in playlist.segments if segment.key is not None}:
        if key.method not in ("AES-128", "SAMPLE-AES", "SAMPLE-AES-CTR"):
            notes.breaks("RFC 8216 4.3.2.4", file, f"Line {key.line}: the encryption method {key.method} is not known.")
    for init in {segment.init for segment in playlist.segments if segment.init is not None}:
        if init.key is not None and init.key.iv is None:
            notes.breaks(
                "RFC 8216 4.3.2.5",
                file,
                f"Line {init.line}: an encrypted initialization section needs a key with an IV.",
            )


def _check_durations(playlist: MediaPlaylist, role: Role, file: str, notes: RuleNotes) -> None:
    target = playlist.target_duration_s
    if target is None:
        return
    if target > TARGET_S and role not in (Role.SUBTITLES, Role.IFRAMES):  # Apple 5.7 and 6.12 let these differ
        severity = Severity.BREAKS_PLAYBACK if target > LONG_TARGET_S else Severity.NOT_IDEAL
        notes.add(severity, "Apple 7.5", file, f"The target duration is {target} s; it should be {TARGET_S} s.")
    timed = [(segment, segment.duration_s) for segment in playlist.segments if segment.duration_s is not None]
    longer = [(segment, duration) for segment, duration in timed if math.floor(duration + 0.5) > target]
    if longer:
        segment, duration = longer[0]
        text = (
            f"{segment.uri} lasts {duration:.3f} s, which is more than the target duration "
            f"of {target} s{_and_others(len(longer))}."
        )
        notes.breaks("RFC 8216 4.3.3.1", file, text)
    much_longer = [(segment, duration) for segment, duration in timed if duration > target + OVER_TARGET_S]
    if much_longer:
        segment, duration = much_longer[0]
        over = (
            f"{segment.uri} lasts {duration:.3f} s, more than {OVER_TARGET_S} s over the target duration of {target} s"
        )
        notes.breaks("Apple 7.7", file, f"{over}{_and_others(len(much_longer))}.")


def _check_end(playlist: MediaPlaylist, file: str, notes: RuleNotes) -> None:
    kind = playlist.value("EXT-X-PLAYLIST-TYPE")
    if kind != "VOD":  # EXT-X-ENDLIST alone ends a stream
        said = "is missing" if kind is None else f"is {kind}"
        notes.not_ideal("Apple 8.6", file, f"EXT-X-PLAYLIST-TYPE {said}; a finished stream says VOD.")
    if playlist.value("EXT-X-ENDLIST") is None:
        notes.breaks("RFC 8216 4.3.3.4", file, "EXT-X-ENDLIST is missing: players wait for more segments.")
    first = min((segment.line for segment in playlist.segments), default=0)
    for tag in playlist.tags:
        late = first and tag.line > first
        if tag.name == "EXT-X-MEDIA-SEQUENCE" and late:
            notes.breaks("RFC 8216 4.3.3.2", file, "EXT-X-MEDIA-SEQUENCE comes after the first segment.")
        if tag.name == "EXT-X-DISCONTINUITY-SEQUENCE" and late:
            notes.breaks("RFC 8216 4.3.3.3", file, "EXT-X-DISCONTINUITY-SEQUENCE comes after the first segment.")


def _check_version(playlist: MasterPlaylist | MediaPlaylist, file: str, notes: RuleNotes) -> None:
    declared = next((tag.value for tag in playlist.tags if tag.name == "EXT-X-VERSION"), "1")
    if not (declared.isascii() and declared.isdigit() and len(declared) < 4 and int(declared)):
        notes.breaks("RFC 8216 4.3.1.2", file, f"EXT-X-VERSION {declared!r} is not a version number.")
        return
    needed, reason = _version_needed(playlist)
    if int(declared) < needed:
        # Apple's players know newer tags, such as EXT-X-MAP, by the version that declares them
        notes.breaks("RFC 8216 7", file, f"EXT-X-VERSION is {declared}, but {reason} needs {needed}.")


def _version_needed(playlist: MasterPlaylist | MediaPlaylist) -> tuple[int, str]:
    """Return the version that a playlist's features need, and the one that needs it (RFC 8216, 7)."""
    if isinstance(playlist, MasterPlaylist):
        services = any((media.attributes.get("INSTREAM-ID") or "").startswith("SERVICE") for media in playlist.media)
        return (7, "INSTREAM-ID with SERVICE") if services else (1, "")
    names = {tag.name for tag in playlist.tags}
    keys = [tag.value for tag in playlist.tags if tag.name == "EXT-X-KEY"]
    needs = (
        (6, "EXT-X-MAP", "EXT-X-MAP" in names and not playlist.iframes_only),
        (5, "EXT-X-MAP", "EXT-X-MAP" in names),
        (5, "KEYFORMAT", any("KEYFORMAT" in value for value in keys)),
        (4, "EXT-X-BYTERANGE", "EXT-X-BYTERANGE" in names),
        (4, "EXT-X-I-FRAMES-ONLY", playlist.iframes_only),
        (
            3,
            "a duration with a fraction",
            any("." in tag.value.split(",")[0] for tag in playlist.tags if tag.name == "EXTINF"),
        ),
        (2, "an IV", any("IV=" in value for value in keys)),
    )
    return next(((version, feature) for version, feature, used in needs if used), (1, ""))


def _and_others(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""
