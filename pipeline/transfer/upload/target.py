"""Where a stream goes below its prefix, so that one that is being watched stays whole until the new one is.

Pure, but for a number that may be drawn.

Where another stream stands at the prefix, segments and playlists of the new one go into a folder of its own (`v2/`),
and its master playlist to the prefix: switched when they are all there, pointing into that folder. Files that stand
alone (MP4, poster, captions) keep their address at the prefix and are replaced after that. A stream is ours where its
master is, and nothing that players fetch by it is known to differ: another key or encoder setting may leave the master
as it was. An earlier version of this program put all but the master into the folder.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import Enum

from pipeline.media.stream_layout import MASTER
from pipeline.transfer.manifests.placement import version, versions_in
from pipeline.transfer.upload.journal import JournalContent

REPLACED = "Something else was uploaded to this destination since: every file is sent again."
ANOTHER_STREAM = "Another stream is already at {prefix}: viewers see it until this one is complete and replaces it."

SPREAD = 100_000
"""Among how many numbers one is drawn: 10,000 uploads to one destination fit into the nine digits of a version."""


class Holder(Enum):
    """Whose stream stands at a destination."""

    NOBODY = "nobody's, or nobody knows"
    ITSELF = "the same source's"
    ANOTHER = "another source's, which is to be replaced"


@dataclass(frozen=True, kw_only=True)
class PublishedMaster:
    """The master playlist that players get now.

    `known` says whether that can be told; `md5` is None where there is none; `versions` are those that it leads into.
    """

    known: bool = False
    md5: str | None = None
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UploadTarget:
    """Where an upload goes, whether it goes on with an earlier run, and what the editor should know about that.

    `same` says that players get this very stream by now, `warning` that the notice tells of what nobody asked for.
    """

    version_folder: str
    going_on: bool
    same: bool = False
    notice: str = ""
    warning: bool = False


def following(newest: int) -> int:
    """Return the number of the version after the newest that is known."""
    return newest + 1


def drawn_above(newest: int) -> int:
    """Return the number of a version that no other upload gives to its own, also one that begins at the same time.

    Two that look at once know of the same versions, and neither sees what the other sends: so the number is drawn.
    """
    return newest + 1 + secrets.randbelow(SPREAD)


def choose_target(
    content: JournalContent,
    *,
    resume: bool,
    published: PublishedMaster,
    ours: Callable[[str], Collection[str]],
    taken: Callable[[], Iterable[int]],
    only_adds: Callable[[], bool],
    differs: Callable[[str], bool],
    prefix: str,
    holder: Holder = Holder.NOBODY,
    above: Callable[[int], int] = following,
) -> UploadTarget:
    """Decide where an upload goes.

    Args:
        content: what the journal says.
        resume: whether the earlier run may be gone on with.
        published: what players get now.
        ours: returns each MD5 that our master may have in a version folder: as it is sent now, and as an earlier
            version sent it; none where the folder has no master.
        taken: returns the numbers of versions that are in use, as far as anybody knows; those of the journal are added.
        only_adds: returns whether all that the folder has of what the journal knows is as it was sent, so that ours is
            that stream with something added, such as another quality, or left out: what is gone from the folder stays
            at the address.
        differs: returns whether something that players may be fetching from a version folder differs from ours.
        prefix: for the notice.
        holder: whose stream stands there; another source's stays whole, whatever its master is.
        above: returns the number of a new version, above the newest that is known.
    """
    going_on = resume and content.begun
    published_here = content.confirmed.get(MASTER) if going_on else None
    if holder is Holder.ANOTHER and not (published.known and published.md5 is None):
        return _beside(content, going_on=going_on, published=published, taken=taken, above=above, prefix=prefix)
    if not published.known:
        return UploadTarget(version_folder=content.version_folder if content.begun else "", going_on=going_on)
    if published.md5 is None:
        if published_here is not None:
            return UploadTarget(version_folder="", going_on=False, notice=REPLACED, warning=True)
        return UploadTarget(version_folder=content.version_folder if going_on else "", going_on=going_on)
    here = ours(content.version_folder)
    if not here or (published.md5 in here and not differs(content.version_folder)):
        return UploadTarget(version_folder=content.version_folder, going_on=going_on, same=True)
    is_from_here = published_here is not None and published_here.md5 == published.md5
    if is_from_here and published.md5 not in here and only_adds() and not differs(content.version_folder):
        return UploadTarget(version_folder=content.version_folder, going_on=True)
    used = _versions_in_use(content, published, taken)
    elsewhere = [
        version_folder for number in sorted(used) if (version_folder := version(number)) != content.version_folder
    ]
    for version_folder in elsewhere:  # sent from another folder, or the journal is lost
        if published.md5 in ours(version_folder) and not differs(version_folder):
            return UploadTarget(version_folder=version_folder, going_on=False, same=True)
    return _beside(content, going_on=going_on, published=published, taken=taken, above=above, prefix=prefix)


def _beside(
    content: JournalContent,
    *,
    going_on: bool,
    published: PublishedMaster,
    taken: Callable[[], Iterable[int]],
    above: Callable[[int], int],
    prefix: str,
) -> UploadTarget:
    """Return a folder that no other stream has: that of the earlier run, if it published nothing, else a new one."""
    published_here = content.confirmed.get(MASTER) if going_on else None
    watched = set(versions_in(content.version_folder)) & set(published.versions)
    if going_on and content.version_folder and published_here is None and not watched:
        return UploadTarget(version_folder=content.version_folder, going_on=True)
    version_folder = version(above(max([1, *_versions_in_use(content, published, taken)])))
    notice = ANOTHER_STREAM.format(prefix=prefix)
    replaced = published_here is not None and published_here.md5 != published.md5
    return UploadTarget(
        version_folder=version_folder,
        going_on=False,
        notice=f"{REPLACED} {notice}" if replaced else notice,
        warning=replaced,
    )


def _versions_in_use(
    content: JournalContent, published: PublishedMaster, taken: Callable[[], Iterable[int]]
) -> set[int]:
    return {
        *published.versions,
        *taken(),
        *(number for version_folder in content.version_folders for number in versions_in(version_folder)),
    }
