"""Streams whose videos are gone from this computer: renamed, deleted, or published at another destination since.

Deletes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import NewerVersionError
from pipeline.files import holds_something
from pipeline.media.stream_layout import MASTER
from pipeline.slug import is_earlier_slug
from pipeline.source_address import known_address
from pipeline.transfer.manifests.folder_owner import owner_of
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.manifests.manifest_library import FoundManifest
from pipeline.transfer.manifests.ownership import SourceContent


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """A stream without its video; `reason` says what became of that.

    `certain` is False where the video's whole folder is missing or empty: a drive may not be connected.
    """

    located: FoundManifest
    reason: str
    certain: bool = True

    @property
    def manifest(self) -> Manifest:
        """What was uploaded."""
        return self.located.manifest


def orphans(known: Sequence[FoundManifest]) -> list[Orphan]:
    """Return those of the library's streams whose videos are gone; one whose video nobody knows by its path is none."""
    sources = [(located, source) for located in known if (source := _source(located.manifest)) is not None]
    found = []
    for located in known:
        moved = _moved(located, known)
        if moved is not None:
            found.append(moved)
    for located, source in sources:
        others = [
            (one.manifest, its)
            for one, its in sources
            if one is not located and _is_newer(one, located) and its == source
        ]
        if known_address(source.path or "") is not None:  # who has it may not answer now
            continue
        orphan = _judged(located, Path(source.path or ""), others)
        if orphan is not None:
            found.append(orphan)
    return found


def _judged(located: FoundManifest, path: Path, others: Sequence[tuple[Manifest, SourceContent]]) -> Orphan | None:
    """Say whether a stream is an orphan; `others` are newer ones of the same content, with their sources."""
    elsewhere = next(
        ((manifest, Path(its.path or "")) for manifest, its in others if Path(its.path or "").is_file()), None
    )
    if path.is_file():
        moved = (
            elsewhere is not None
            and elsewhere[1] == path
            and not any(folder.is_dir() for folder in _folders(located.manifest))
        )
        if not moved or elsewhere is None:
            return None
        return Orphan(located=located, reason=f"{path} is published at {elsewhere[0].prefix} now.")
    if not holds_something(path.parent):
        reason = f"{path} is not there, and nothing else is in its folder: perhaps a drive is not connected."
        return Orphan(located=located, reason=reason, certain=False)
    if elsewhere is not None:
        return Orphan(
            located=located, reason=f"{path} is called {elsewhere[1]} now, and published at {elsewhere[0].prefix}."
        )
    return Orphan(located=located, reason=f"{path} is not there any more.")


def _source(manifest: Manifest) -> SourceContent | None:
    """Return what the stream was made of, as the manifest says, else as the job in its folder does."""
    if manifest.source is not None and manifest.source.path is not None:
        return manifest.source
    for folder in _folders(manifest):
        with suppress(NewerVersionError):  # what made the folder is known to whoever uses that version
            content = owner_of(folder).content
            if content is not None and content.path is not None:
                return content
    return None


def _folders(manifest: Manifest) -> Iterator[Path]:
    """Yield the folder in which the stream's files were."""
    for file in manifest.files[:1]:
        if file.local_path is not None and file.local_path.endswith(str(Path(file.filename))):
            yield Path(file.local_path[: -len(file.filename)])


def _moved(located: FoundManifest, known: Sequence[FoundManifest]) -> Orphan | None:
    """Say whether a stream of an earlier version, which noted no source, was taken over under another name since."""
    manifest = located.manifest
    if any(folder.is_dir() for folder in _folders(manifest)) or _source(manifest) is not None:
        return None
    for one in known:
        if (
            _is_newer(one, located)
            and is_earlier_slug(manifest.prefix, one.manifest.prefix)
            and _has_same_files(one.manifest, manifest)
        ):
            return Orphan(located=located, reason=f"The same stream is published at {one.manifest.prefix} now.")
    return None


def _has_same_files(one: Manifest, other: Manifest) -> bool:
    """Whether these are two destinations of the same stream; its master may lead elsewhere."""
    contents = [
        {(file.filename, file.md5_hash) for file in manifest.files if file.filename != MASTER}
        for manifest in (one, other)
    ]
    return (
        one is not other
        and bool(contents[0])
        and contents[0] == contents[1]
        and all(md5 is not None for _, md5 in contents[0])
    )


def _is_newer(one: FoundManifest, other: FoundManifest) -> bool:
    return (
        one.manifest.backend_url == other.manifest.backend_url
        and one.manifest.last_synced >= other.manifest.last_synced
    )
