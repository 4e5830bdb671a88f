"""What a stream's own playlists say of it, for a folder that no job tells about: how long it is, and its qualities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from pipeline.media.validate.m3u8 import parse_playlist
from pipeline.media.validate.playlist_model import MasterPlaylist, MediaPlaylist, Variant

_QUALITY = re.compile(r"\d+p")


@dataclass(frozen=True, kw_only=True)
class StreamSummary:
    """The length in seconds, None if it is unknown, and the qualities' names, such as 720p, largest first."""

    duration_s: float | None
    qualities: tuple[str, ...]


def summarize(master: Path) -> StreamSummary:
    """Return what the playlists say; what can't be read is left out."""
    playlist = _parsed(master)
    if isinstance(playlist, MediaPlaylist):
        return StreamSummary(duration_s=sum(playlist.durations_s) or None, qualities=())
    variants = playlist.variants if playlist is not None else ()
    names = {name: None for name in map(_quality, variants) if name}
    first = next((_parsed(master.parent / unquote(variant.uri)) for variant in variants if variant.uri), None)
    return StreamSummary(
        duration_s=(sum(first.durations_s) or None) if isinstance(first, MediaPlaylist) else None,
        qualities=tuple(sorted(names, key=lambda name: -int(name[:-1]))),
    )


def _parsed(path: Path) -> MasterPlaylist | MediaPlaylist | None:
    try:
        return parse_playlist(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):  # an address on another server is not a path here
        return None


def _quality(variant: Variant) -> str:
    """Return a quality's name: its folder's in a stream laid out like ours, else by the shorter side of its video."""
    folder = PurePosixPath(variant.uri or "").parts[:1]
    if folder and _QUALITY.fullmatch(folder[0]):
        return folder[0]
    size = variant.attributes.resolution()
    return f"{min(size)}p" if size is not None else ""
