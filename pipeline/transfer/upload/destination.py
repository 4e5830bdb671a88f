"""Whose stream stands at a destination, or is on its way there: asked before anything is sent,
so that no video takes another's address.

A destination is owned by whoever's manifest lies there. Where it is free, and what lies there can be read, an upload
begins with a claim: its manifest without files. The last claim counts, and each upload asks once more before its
master.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pipeline.cancel import CancelToken
from pipeline.errors import (
    AuthenticationError,
    DestinationTakenError,
    Problem,
    Setting,
    SettingsError,
    TransferError,
)
from pipeline.files import write_whole
from pipeline.published import MANIFEST_FILE
from pipeline.slug import slug_for
from pipeline.timestamps import utc_now
from pipeline.transfer.manifests.folder_owner import has_media_of, holds_same_stream
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.manifests.manifest_head import ManifestHead, read_head
from pipeline.transfer.manifests.manifest_text import manifest_json, understood
from pipeline.transfer.manifests.ownership import DestinationOwner
from pipeline.transfer.manifests.placement import stream_above
from pipeline.transfer.upload.destination_look import (
    DestinationContent,
    DestinationLook,
    others_below,
    read_head_of,
)
from pipeline.transfer.upload.sender import ignore
from pipeline.transfer.upload.state_file import UploadSnapshot
from pipeline.transfer.upload.target import Holder
from pipeline.transfer.upload.uploader import Uploader

if TYPE_CHECKING:
    from pipeline.transfer.http.messages import MessageListener
    from pipeline.transfer.manifests.inventory import LookedUp

VERSION_OF_ANOTHER = (
    "{prefix} is a version of the stream at {above}, whose next upload may go there: "
    "choose a destination whose last folder has another name."
)
BASE_OF_OTHERS = (
    "Below {prefix} are streams of other videos, such as {other}: choose a destination of its own, such as {own}, "
    "or use {prefix} itself all the same (--replace)."
)
CLAIM_FILE = ".upload_claim.json"
"""The claim as it was sent stays in the folder:
what comes into the folder before the upload ends does not make it another's.
"""


class DestinationCheck:
    """Keeps one upload from another video's destination.

    Args:
        uploader: asks the backend.
        prefix: the destination.
        owner: whose stream goes there.
        folder: where the stream's files lie, or are to lie.
        data_dir: where the library of manifests lies, None for none.
        replace: whether another video's place may be taken.
        saved: the state of an earlier upload, where a caller has kept it elsewhere than in the folder.
    """

    def __init__(
        self,
        uploader: Uploader,
        prefix: str,
        owner: DestinationOwner,
        folder: Path,
        data_dir: Path | None,
        *,
        replace: bool = False,
        saved: UploadSnapshot | None = None,
    ) -> None:
        self._uploader = uploader
        self._prefix = prefix
        self._owner = owner
        self._folder = folder
        self._data_dir = data_dir
        self._replace = replace
        self._saved = saved
        self._url = uploader.backend_url.rstrip("/")
        self._found: DestinationContent | None = None
        self._taken = False

    @property
    def owner(self) -> DestinationOwner:
        """Whose the stream is: as its destination knows it already, where it is that stream with something added."""
        return self._owner

    @property
    def has_rival(self) -> bool:
        """Whether another video's upload to the destination has begun, as far as is known by now,
        whose place is to be taken.

        That upload may still be sending: what it sends must not lie where this one's segments do.
        """
        found = self._found
        if found is None or not found.begun or found.holder is None or self._is_own_claim(found.holder):
            return False
        return found.holder.owner.is_another(self._owner)

    @property
    def holder(self) -> Holder:
        """Whose stream stands at the destination, as far as is known by now:
        not that of an upload which has only begun.
        """
        found = self._found
        if found is None or found.begun or found.holder is None:
            return Holder.NOBODY
        return Holder.ANOTHER if self._taken else Holder.ITSELF

    @property
    def master(self) -> LookedUp | None:
        """What the backend said of the master playlist there when it was asked last, None where it has not told."""
        return None if self._found is None else self._found.master

    @property
    def seen(self) -> str:
        """The MD5 (hex) of the manifest at the destination as it was read last, empty where the backend gave none."""
        return "" if self._found is None else self._found.seen

    def ask(
        self, cancel: CancelToken, note: Callable[[str], None] = ignore, on_notice: MessageListener = ignore
    ) -> None:
        """See that the destination is free, or belongs to the source of what is to go there.

        The manifest on the server tells, also what another computer uploaded; where it can't be read, those of this
        computer do: the one in the job's folder and the one in the library. Raises DestinationTakenError, Cancelled,
        SettingsError for a version of another stream or a destination above those of others, and TransferError where a
        server does not answer now that may tell.
        """
        above = stream_above(self._prefix)
        look = self._look(cancel, note, on_notice)
        if above and look.is_stream_at(above):
            text = VERSION_OF_ANOTHER.format(prefix=self._prefix, above=above)
            raise SettingsError(Problem(text=text, setting=Setting.DESTINATION))
        begins = self._found is None
        self._found = look.find(self._owner)
        self._taken = self._judge(self._found, look)
        if begins and not self._replace:
            self._check_below(look)

    def _check_below(self, look: DestinationLook) -> None:
        """See that the streams of other videos don't lie below a destination to which nothing was sent from here yet.

        Raises SettingsError.
        """
        others = others_below(self._data_dir, self._url, self._prefix, self._owner)
        if others and not look.was_sent_from_here(self._owner):
            own = f"{self._prefix}{slug_for(PurePath(f'{self._owner.title}.mp4'))}/"
            text = BASE_OF_OTHERS.format(prefix=self._prefix, other=others[0], own=own)
            raise SettingsError(Problem(text=text, setting=Setting.DESTINATION))

    def claim(
        self, cancel: CancelToken, note: Callable[[str], None] = ignore, on_notice: MessageListener = ignore
    ) -> None:
        """Say at a free destination that an upload to it has begun, where others can read that,
        and see that nobody else just did.

        Nothing is sent where the destination has a manifest of the same source. Raises as `ask` does, and OutputError.
        """
        look = self._look(cancel, note, on_notice)
        found = self._found or look.find(self._owner)
        # without a content nobody could tell whose claim it is
        if self._owner.content is None or not (found.free or self.has_rival):
            return
        path = self._folder / CLAIM_FILE
        try:
            write_whole(path, manifest_json(self._claim(), for_server=True))
            with self._uploader.at_server(cancel, note, on_notice, patient=False) as (_, sender):
                sender.send(path, self._prefix + MANIFEST_FILE, on_begin=ignore, on_bytes=ignore)
        except AuthenticationError:
            raise
        except TransferError as error:  # it only keeps others away
            note(f"warning: the start of the upload could not be noted at {self._prefix}: {error}")
            return
        if not self._replace:
            data = look.manifest(whole=False)
            there = None if data is None else read_head(data)
            if there is not None and there.prefix == self._prefix:
                self._judge(DestinationContent(holder=there, begun=there.begun), look)

    def _claim(self) -> Manifest:
        now = utc_now()
        return Manifest(
            title=self._owner.title,
            backend_url=self._url,
            bucket=None,
            prefix=self._prefix,
            created_at=now,
            last_synced=now,
            files=(),
            source=self._owner.content,
        )

    def _judge(self, found: DestinationContent, look: DestinationLook) -> bool:
        """Return whether another video holds the destination.

        Raises DestinationTakenError where it does and is not to be replaced.
        """
        holder = found.holder
        if holder is None or not self._is_anothers(holder, look):
            return False
        if self._replace:
            return True
        title = holder.owner.title
        same_name = title == self._owner.title
        raise DestinationTakenError(
            prefix=self._prefix, title=title, same_name=same_name, last_synced=holder.last_synced, begun=found.begun
        )

    def _is_anothers(self, holder: ManifestHead, look: DestinationLook) -> bool:
        """Whether a destination belongs to another video.

        By content, or because it is the same stream, to which something was added. Where its manifest names no content,
        as those of earlier versions do, by the title, if this computer knows that it uploaded there itself, or by media
        files in common.
        """
        theirs, ours = holder.owner, self._owner
        if self._is_own_claim(holder):
            return False
        if theirs.content is not None and ours.content is not None:
            if not theirs.is_another(ours):
                return False
            if not self._is_same_stream(look):
                return True
            self._owner = theirs
            return False
        if not theirs.is_another(ours) and look.was_sent_from_here(ours):
            return False
        manifest = understood(look.manifest(whole=True)) if self._folder.is_dir() else None
        return manifest is None or not has_media_of(self._folder, manifest, by_time=False)

    def _is_same_stream(self, look: DestinationLook) -> bool:
        manifest = understood(look.manifest(whole=True)) if self._folder.is_dir() else None
        return manifest is not None and holds_same_stream(self._folder, manifest)

    def _is_own_claim(self, holder: ManifestHead) -> bool:
        """Whether this folder's upload has begun there, whatever came into the folder since."""
        return holder == read_head_of(self._folder / CLAIM_FILE)

    def _look(self, cancel: CancelToken, note: Callable[[str], None], on_notice: MessageListener) -> DestinationLook:
        return DestinationLook(
            self._uploader, self._prefix, self._folder, self._data_dir, cancel, note, on_notice, self._saved
        )
