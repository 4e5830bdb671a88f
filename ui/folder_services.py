"""What the window asks about the folders of finished jobs, as one interface, so that tests can inject faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import SettingsError
from pipeline.events import Sink
from pipeline.job import UploadJob
from pipeline.model import JobReport
from pipeline.published import MANIFEST_FILE
from ui.single_run import run_here

if TYPE_CHECKING:
    from backend.folder_player import FolderPlayer
    from pipeline.batch_callbacks import RunContext
    from pipeline.folder_results import FolderResults
    from pipeline.job_history import HistoryEntry
    from pipeline.transfer.http.login import AskToken
    from pipeline.transfer.manifests.verify import Verification


class FolderServices(Protocol):
    """Folders of finished jobs. Every call may take long: never made in the Tk thread."""

    def show(self, folder: Path) -> None:
        """Show a folder in the desktop's file manager. Raises PipelineError."""
        ...

    def watch(self, folder: Path, title: str) -> str:
        """Play a folder's stream in the browser; return the page's address. Raises PipelineError."""
        ...

    def results(self, folder: Path) -> FolderResults:
        """Return what a folder holds. Raises PipelineError."""
        ...

    def history(self, config: Config, most: int | None) -> tuple[HistoryEntry, ...]:
        """Return the jobs that have ended, the latest first, at most so many. Raises PipelineError."""
        ...

    def verify(self, folder: Path, config: Config) -> Verification:
        """Compare a folder with the server by its manifest. Raises PipelineError."""
        ...

    def replace_captions(self, folder: Path, file: Path) -> str:
        """Put a subtitle file in the place of a folder's captions; return a sentence. Raises PipelineError."""
        ...

    def upload(self, job: UploadJob, config: Config, sink: Sink, cancel: CancelToken, ask_token: AskToken) -> JobReport:
        """Upload a folder; the last event is the only JobFinished. `ask_token` is called in a thread of the upload
        where the login has expired. Raises PipelineError where it can't begin.
        """
        ...


class RealFolders:
    """The real folders. What plays them is started when the first is wanted, and ends with the program."""

    def __init__(self) -> None:
        self._player: FolderPlayer | None = None

    def show(self, folder: Path) -> None:
        """See `FolderServices`."""
        from ui.file_manager import open_in_file_manager

        open_in_file_manager(folder)

    def watch(self, folder: Path, title: str) -> str:
        """See `FolderServices`."""
        from backend.folder_player import FolderPlayer
        from ui.file_manager import open_in_browser

        self._player = self._player or FolderPlayer()
        address = self._player.play(folder, title)
        open_in_browser(address)
        return address

    def results(self, folder: Path) -> FolderResults:
        """See `FolderServices`."""
        from pipeline.folder_results import folder_results

        return folder_results(folder)

    def history(self, config: Config, most: int | None) -> tuple[HistoryEntry, ...]:
        """See `FolderServices`."""
        from pipeline.job_history import read_history
        from pipeline.job_store import JobStore, queue_file

        place = queue_file(config.data_dir)
        if not place.exists():  # nothing is made just to look into it
            return ()
        with JobStore(place) as store:
            return read_history(store, most=most)

    def verify(self, folder: Path, config: Config) -> Verification:
        """See `FolderServices`."""
        from pipeline.transfer.manifests.manifest import BEGUN
        from pipeline.transfer.manifests.manifest_library import read_manifest
        from pipeline.transfer.manifests.remote import connected
        from pipeline.transfer.manifests.verify import verify

        manifest = read_manifest(folder / MANIFEST_FILE)
        if manifest.begun:
            raise SettingsError(f"{BEGUN.format(prefix=manifest.prefix)} Upload it again, and verify it then.")
        check_server(manifest.backend_url or "", config)
        with connected(config.backend) as remote:
            return verify(manifest, folder, remote, deep=False)

    def replace_captions(self, folder: Path, file: Path) -> str:
        """See `FolderServices`."""
        from pipeline.replaced_captions import replace_captions

        return replace_captions(folder, file)

    def upload(self, job: UploadJob, config: Config, sink: Sink, cancel: CancelToken, ask_token: AskToken) -> JobReport:
        """See `FolderServices`."""
        from pipeline import wiring
        from pipeline.preflight import check_upload
        from pipeline.preflight_answers import Ready, Refused

        answer = check_upload(job, config, cancel)
        if isinstance(answer, Refused):
            raise SettingsError(answer.problems)
        if not isinstance(answer, Ready):
            raise SettingsError([answer.refusal])
        plan, answers = answer.plan, answer.backend

        def run(one: UploadJob, context: RunContext) -> JobReport:
            asked = replace(plan, job=one)
            return wiring.run_job(asked, config, context.sink, context.cancel, ask_token=ask_token, answers=answers)

        return run_here(plan.job, run, config, sink, cancel)


def check_server(uploaded_to: str, config: Config) -> None:
    """See that the form has the login of the server that a video was uploaded to, or none. Raises SettingsError."""
    here = config.backend.url.rstrip("/")
    if here and uploaded_to and uploaded_to.rstrip("/") != here:
        raise SettingsError(
            f"This video was uploaded to {uploaded_to}, and the form has {here}: "
            "enter that server's address and token under S3 UPLOAD."
        )
