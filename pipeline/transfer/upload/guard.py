"""What an upload asks for permission before it sends anything, and again before it publishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pipeline.cancel import CancelToken
from pipeline.transfer.http.messages import MessageListener
from pipeline.transfer.manifests.inventory import LookedUp
from pipeline.transfer.manifests.placement import version
from pipeline.transfer.upload.preparation import Prepared
from pipeline.transfer.upload.publish_order import OutgoingFile, in_version_folder
from pipeline.transfer.upload.target import Holder, UploadTarget, drawn_above

NONE_BESIDE = 1
"""An upload to a destination where nothing stands goes to the prefix itself: there is no version below it."""


class Guard(Protocol):
    """Says whether an upload may go on: what a method raises ends it. `note` takes lines for the log."""

    @property
    def has_rival(self) -> bool:
        """Whether another upload may be sending to the same destination, which this one is to replace."""

    @property
    def holder(self) -> Holder:
        """Whose stream stands at the destination, as far as is known by now."""

    @property
    def master(self) -> LookedUp | None:
        """What the backend has just said of the master playlist there, None where it has not told."""

    def ask(self, cancel: CancelToken, note: Callable[[str], None], on_notice: MessageListener) -> None:
        """See that the destination is free or its own."""

    def claim(self, cancel: CancelToken, note: Callable[[str], None], on_notice: MessageListener) -> None:
        """Tell others that an upload has begun, before the first file."""


class Unguarded:
    """Lets every upload go on."""

    has_rival = False
    holder = Holder.NOBODY
    master = None

    def ask(self, cancel: CancelToken, note: Callable[[str], None], on_notice: MessageListener) -> None:
        """Let it go on."""

    def claim(self, cancel: CancelToken, note: Callable[[str], None], on_notice: MessageListener) -> None:
        """Tell nobody."""


def beside_another(prepared: Prepared, files: Sequence[OutgoingFile], prefix: str) -> Prepared:
    """Return where an upload goes if another one may still be sending to the same destination:
    into a folder that this does not know of.

    `files` are the folder's. Raises TransferError.
    """
    if prepared.target.version_folder or prepared.target.same:
        return prepared
    version_folder = version(drawn_above(NONE_BESIDE))
    notice = (
        f"Another upload to the same destination has begun: the segments of this one go to {version_folder} below it."
    )
    return Prepared(
        target=UploadTarget(version_folder=version_folder, going_on=False, notice=notice),
        files=in_version_folder(files, prefix, version_folder),
        already={},
    )
