"""Phase 6: deletes the local media after the upload, when the editor asked for it. Deletes nothing else, ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.events import LogLevel
from pipeline.facts import CleanupFacts
from pipeline.media.stream_layout import MASTER, PLAYLIST_SUFFIX
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.phase import Notes, PhaseContext, PhaseResult
from pipeline.published import published_files
from pipeline.transfer.upload.earlier_upload import confirmed_files
from pipeline.transfer.upload.journal import UploadDestination

KEPT = ("manifest.json",)
DELETED = "Local files deleted"


class CleanupPhase:
    """Deletes what is published, confirmed and unchanged; source, manifest, job file, logs and state stay."""

    name = PhaseName.CLEANUP

    def check(self, context: PhaseContext) -> None:
        """Nothing can be said before the files are up."""

    def run(self, context: PhaseContext) -> PhaseResult:
        """Delete, or find it done. Raises TransferError, OutputError, Cancelled."""
        request = context.plan.job.upload
        if request is None or not request.delete_local:
            return PhaseResult(outcome=PhaseOutcome.SKIPPED, text="Local files kept")
        return clean_up(context.workspace, context.plan.job.source, context.log, context.cancel)


def clean_up(notes: Notes, source: Path, log: Callable[[str, LogLevel], None], cancel: CancelToken) -> PhaseResult:
    """Delete the media in a folder that was made of `source`, or find it done.

    Raises TransferError, OutputError, Cancelled.
    """
    folder = notes.folder
    if notes.done.cleanup is not None and notes.done.cleanup.finished:
        return PhaseResult(outcome=PhaseOutcome.REUSED, text=DELETED)
    uploaded = notes.done.upload
    if uploaded is None:
        return PhaseResult(outcome=PhaseOutcome.WARNED, text="Local files kept: the upload is not confirmed.")
    cancel.check()
    deletable = _deletable(folder, source)
    if deletable:
        destination = UploadDestination(
            backend_url=uploaded.backend_url, prefix=uploaded.prefix, session_id=uploaded.session_id
        )
        confirmed = confirmed_files(folder, destination)
        if any(name not in confirmed for name in deletable):
            return PhaseResult(
                outcome=PhaseOutcome.WARNED, text=f"Local files kept: {folder} changed after the upload."
            )
        unproven = next((name for name in deletable if not confirmed[name].proven), None)
        if unproven is not None:
            text = f"Local files kept: nothing shows that the storage has {unproven}. Start again, and it is sent anew."
            return PhaseResult(outcome=PhaseOutcome.WARNED, text=text)
    # From here on the folder is not whole, and the next run must know that this is how it should be.
    notes.mark(CleanupFacts(finished=False))
    undeleted = _delete(folder, sorted(deletable.values(), key=_turn))
    if undeleted:
        return PhaseResult(
            outcome=PhaseOutcome.WARNED,
            text=(
                f"Not all local files could be deleted, such as {undeleted[0]}: "
                "close programs that use them and start again."
            ),
        )
    notes.mark(CleanupFacts(finished=True))
    log(f"{DELETED}: {len(deletable)} in {folder}", LogLevel.INFO)
    return PhaseResult(text=DELETED)


def _deletable(folder: Path, source: Path) -> dict[str, Path]:
    """Return the published media by their path inside the folder. Targets of links are left alone."""
    found = {}
    for path in published_files(folder):
        name = path.relative_to(folder).as_posix()
        linked = any(
            part.is_symlink() for part in (path, *path.parents) if part.is_relative_to(folder) and part != folder
        )
        if not linked and name not in KEPT and not _same(path, source):
            found[name] = path
    return found


def _turn(path: Path) -> int:
    """Return when a file is deleted: before those it names, or half a clean-up looks like a damaged stream."""
    return 0 if path.name == MASTER else 1 if path.suffix == PLAYLIST_SUFFIX else 2


def _same(path: Path, source: Path) -> bool:
    try:
        return path.samefile(source)
    except OSError:  # a source that is gone can't be deleted
        return path.resolve() == source.resolve()


def _delete(folder: Path, paths: Iterable[Path]) -> list[Path]:
    """Delete files, then the folders that this has emptied; return what could not be deleted."""
    undeleted, parents = [], set[Path]()
    for path in paths:
        try:
            path.unlink(missing_ok=True)
            parents.update(parent for parent in path.parents if parent != folder and parent.is_relative_to(folder))
        except OSError:
            undeleted.append(path)
    for parent in sorted(parents, key=lambda path: len(path.parts), reverse=True):
        if not any(parent.iterdir()):
            parent.rmdir()
    return undeleted
