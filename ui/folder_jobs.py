"""What takes long with a finished folder: uploading, comparing, other captions. One at a time, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from config import Config
from diagnostics.crash_log import sentence_of
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError
from pipeline.events import Event, LogLevel, LogLine, PhaseProgress, Sink
from pipeline.job import Existing, UploadJob, UploadRequest
from pipeline.model import JobReport, Outcome
from ui.folder_messages import FolderTold
from ui.folder_services import FolderServices, check_server
from ui.messages import Message
from ui.tones import Tone

if TYPE_CHECKING:
    from pipeline.transfer.manifests.verify import Verification

MOST_FINDINGS = 5
"""How many differences are told in full."""

UPLOADING = "Uploading…"
CANCELLED = "The upload was stopped. Press Upload again to go on with it."

Task = Callable[[CancelToken], FolderTold]


class FolderJobs:
    """Does one thing at a time. Every method but those of its thread is called in the Tk thread, and returns at once.

    `config` returns the settings with the login that stands in the form, `ask_token` a new token where that has
    expired; it is called in a thread of the upload.
    """

    def __init__(
        self,
        services: FolderServices,
        config: Callable[[], Config],
        ask_token: Callable[[CancelToken], str | None],
        post: Callable[[Message], None],
    ) -> None:
        self._services = services
        self._ask_token = ask_token
        self._config = config
        self._post = post
        self._thread: threading.Thread | None = None
        self._cancel = CancelToken()

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return self._thread is not None and self._thread.is_alive()

    def upload(self, folder: Path, prefix: str, server: str) -> None:
        """Upload a folder once more to where it was, on the server that it was uploaded to; all of it."""
        config = self._config()
        self._begin(folder, UPLOADING, lambda cancel: self._upload(folder, prefix, server, config, cancel))

    def verify(self, folder: Path) -> None:
        """Compare a folder with what is on the server."""
        config = self._config()

        def verified(_: CancelToken) -> FolderTold:
            return told_of(folder, self._services.verify(folder, config))

        self._begin(folder, "Comparing the files here with those on the server…", verified)

    def replace_captions(self, folder: Path, file: Path, prefix: str, server: str) -> None:
        """Put a subtitle file in the place of the captions, and send what that changes where the folder was sent."""
        config = self._config()

        def replaced(cancel: CancelToken) -> FolderTold:
            said = self._services.replace_captions(folder, file)
            if not prefix:
                return FolderTold(folder=folder, text=said, tone=Tone.GOOD)
            self._post(FolderTold(folder=folder, text=f"{said} {UPLOADING}", running=True))
            return self._upload(folder, prefix, server, config, cancel, existing=Existing.RESUME)

        self._begin(folder, "Replacing the captions…", replaced)

    def cancel(self) -> None:
        """Stop what is being done."""
        self._cancel.cancel()

    def _begin(self, folder: Path, text: str, task: Task) -> None:
        if self.busy:
            return
        cancel = self._cancel = CancelToken()
        self._post(FolderTold(folder=folder, text=text, running=True))
        self._thread = threading.Thread(
            target=self._outermost, args=(folder, task, cancel), name="finished folder", daemon=True
        )
        self._thread.start()

    def _outermost(self, folder: Path, task: Task, cancel: CancelToken) -> None:
        try:
            told = task(cancel)
        except Cancelled:
            told = FolderTold(folder=folder, text=CANCELLED, tone=Tone.WARNING)
        except PipelineError as error:
            told = FolderTold(folder=folder, text=str(error), tone=Tone.BAD)
        except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
            told = FolderTold(folder=folder, text=sentence_of(error), tone=Tone.BAD)
        self._post(told)

    def _upload(
        self,
        folder: Path,
        prefix: str,
        server: str,
        config: Config,
        cancel: CancelToken,
        existing: Existing = Existing.UPLOAD_AGAIN,
    ) -> FolderTold:
        check_server(server, config)
        request = UploadRequest(prefix=prefix, language=config.languages.default)
        job = UploadJob(folder=folder, upload=request, existing=existing)
        report = self._services.upload(job, config, self._teller(folder), cancel, lambda: self._ask_token(cancel))
        return told_of_upload(folder, report)

    def _teller(self, folder: Path) -> Sink:
        """Return what tells of an upload's progress, and of what it waits for."""

        def tell(event: Event) -> None:
            if isinstance(event, PhaseProgress) and event.text:
                self._post(FolderTold(folder=folder, text=event.text, running=True))
            elif isinstance(event, LogLine) and event.level in (LogLevel.WAITING, LogLevel.WARNING):
                self._post(FolderTold(folder=folder, text=event.text, tone=Tone.WARNING, running=True))

        return tell


def told_of_upload(folder: Path, report: JobReport) -> FolderTold:
    """Return what is said of an upload that has ended. Pure."""
    if report.outcome is Outcome.CANCELLED:
        return FolderTold(folder=folder, text=CANCELLED, tone=Tone.WARNING)
    if report.outcome is Outcome.FAILED:
        return FolderTold(folder=folder, text=report.error, tone=Tone.BAD)
    if report.warnings:
        return FolderTold(folder=folder, text=" ".join(("Uploaded.", *report.warnings)), tone=Tone.WARNING)
    return FolderTold(folder=folder, text="Uploaded.", tone=Tone.GOOD)


def told_of(folder: Path, result: Verification) -> FolderTold:
    """Return what is said of a comparison. Pure."""
    lines = [f"{finding.file} ({finding.side.value}): {finding.text}" for finding in result.findings[:MOST_FINDINGS]]
    more = len(result.findings) - MOST_FINDINGS
    lines += [f"and {more} more"] if more > 0 else []
    lines += [f"Not checked: {text}" for text in result.unchecked]
    if result.unproven:
        lines.append(f"Of {result.unproven} files nothing proves that they are on the server.")
    if not lines:
        text = f"No difference: the {result.files} files here, in the manifest and on the server agree."
        return FolderTold(folder=folder, text=text, tone=Tone.GOOD)
    return FolderTold(folder=folder, text="\n".join(lines), tone=Tone.BAD if result.findings else Tone.WARNING)
