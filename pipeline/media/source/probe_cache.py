"""Remembers what probes found, so that a source is not looked at again as long as it stays what it is.

A source is known by its path, its size, its time and a hash of its head and tail; what was found by another version of
the program, or of its libraries, does not count. Where nothing can be remembered, nothing is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from config import VERSION
from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, OutputError, SourceError
from pipeline.files import write_whole
from pipeline.fingerprint import fingerprint
from pipeline.job import TrackChoice
from pipeline.media.source.probe import probe
from pipeline.media.source.readable_end import SourceFile
from pipeline.media.source.source_checks import check_file, check_unchanged
from pipeline.media_info import MediaInfo

FOLDER = "probes"
MOST_FILES = 5000
"""So many sources are remembered; then all are forgotten, which costs a probe each."""


def probe_once(
    path: Path,
    choice: TrackChoice,
    cache_dir: Path | None,
    open_file: Callable[[Path], SourceFile] = SourceFile,
) -> MediaInfo:
    """Return what a source is, as `probe` does; what was found before is found again in `cache_dir`, None for nowhere.

    Raises SourceError, SettingsError.
    """
    if cache_dir is None:
        return probe(path, choice, open_file)
    identity = check_file(path)
    made_of = _made_of(path, choice)
    place = cache_dir / FOLDER / f"{_hashed([str(path.absolute()), to_json(choice)])}.json"
    found = _read(place, made_of)
    if found is not None:
        media = replace(found, path=path, identity=identity)
        check_unchanged(media)
        return media
    media = probe(path, choice, open_file)
    _write(place, made_of, media)
    return media


def _made_of(path: Path, choice: TrackChoice) -> dict[str, Any]:
    """Return all that decides what a probe finds. Raises SourceError."""
    try:
        mtime_ns = path.stat().st_mtime_ns
    except OSError as error:
        raise SourceError(f"{path} can't be read ({error.strerror}): check the file and its permissions.") from error
    content = fingerprint(path).fields
    return {"program": _program(), "content": content, "mtime_ns": mtime_ns, "tracks": to_json(choice)}


@lru_cache(maxsize=1)
def _program() -> str:
    """Return what tells this version of the probe from others, also from one that is being worked on."""
    try:
        library = version("av")
    except PackageNotFoundError:  # in a frozen program, which changes as a whole
        library = ""
    code = []
    with contextlib.suppress(OSError):
        code = [(file.name, file.stat().st_mtime_ns) for file in sorted(Path(__file__).parent.glob("*.py"))]
    return _hashed([VERSION, library, code])


def _hashed(what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def _read(place: Path, made_of: dict[str, Any]) -> MediaInfo | None:
    try:
        stored = json.loads(place.read_text(encoding="utf-8"))
        if not isinstance(stored, dict) or stored.get("made_of") != made_of:
            return None
        return from_json(MediaInfo, stored.get("media"), "probe")
    except (OSError, ValueError, CodecError):
        return None


def _write(place: Path, made_of: dict[str, Any], media: MediaInfo) -> None:
    """Remember what was found, if that can be: what has no form in JSON, such as infinite times, is not remembered."""
    with contextlib.suppress(OSError, OutputError, ValueError, TypeError):
        text = json.dumps({"made_of": made_of, "media": to_json(media)})
        place.parent.mkdir(parents=True, exist_ok=True)
        others = list(place.parent.glob("*.json"))
        for other in others if len(others) >= MOST_FILES else ():
            other.unlink()
        write_whole(place, text)
