"""Upload files and whole folders to S3 through a backend's presigned URLs: the upload engine as a library.

Reads BACKEND_URL, AUTH_TOKEN and the rest from `.env` and the environment. Every method answers with a tuple whose
first part says whether it worked and whose last is a sentence for people when it did not; none raises because a server,
a file or the network is not as hoped, nor because a callback does: that is logged, as is what an editor would be told
meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError, Problem, SettingsError
from pipeline.events import LogLevel
from pipeline.media.stream_layout import MASTER
from pipeline.steps import bug_text
from pipeline.transfer.http import retry
from pipeline.transfer.http.content_types import CONTENT_TYPES
from pipeline.transfer.http.log_file import UploadLog
from pipeline.transfer.http.validation import (
    as_prefix,
    backend_url_problems,
    destination_problems,
    session_id_problems,
    token_problems,
)
from pipeline.transfer.upload.callbacks import Callback, watched
from pipeline.transfer.upload.journal import UploadDestination
from pipeline.transfer.upload.publishing import publish_folder
from pipeline.transfer.upload.record import fields_of_metadata, folder_of
from pipeline.transfer.upload.record import s3_keys as record_keys
from pipeline.transfer.upload.results import TransferCancelled, UploadResult
from pipeline.transfer.upload.state_file import STATE_FILE, FileStatus, UploadSnapshot, read_state, write_state
from pipeline.transfer.upload.tally import TransferProgress
from pipeline.transfer.upload.uploader import Uploader

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["CONTENT_TYPES", "S3UploadManager", "UploadState"]

DirectoryProgress = Callable[[str, int, int, int, int], None]
FileProgress = Callable[[int, int], None]

logger = logging.getLogger(__name__)

_LOUD = {LogLevel.WAITING: logging.WARNING, LogLevel.WARNING: logging.WARNING, LogLevel.ERROR: logging.ERROR}


@dataclass(frozen=True)  # by position too, as callers may have it
class UploadState:
    """How far the upload of a folder is. Files go by their paths in the folder, with `/`.

    `current_file` is the one that was worked on last, None when nothing is left to do.
    """

    total_files: int
    uploaded_files: list[str]
    failed_files: list[str]
    current_file: str | None
    s3_prefix: str


class S3UploadManager:
    """Uploads through the backend that the environment names.

    Args:
        session_id: the backend's session to link the files to, 24 hex digits, or None.
        language: the file record's language code; DEFAULT_LANGUAGE when None.
    """

    def __init__(self, session_id: str | None = None, language: str | None = None) -> None:
        config = Config.load()
        self.backend_url = config.backend.url
        self.auth_token = config.backend.token
        self.session_id = session_id or None
        self.language = language or config.languages.default
        self.replace = False  # whether `upload_directory` may take the place of another video's stream
        self._config = config
        self._snapshot: UploadSnapshot | None = None
        self._loaded: UploadSnapshot | None = None
        self._result: UploadResult | None = None
        self._progress = TransferProgress()
        self._folder: Path | None = None  # while it is being uploaded

    @property
    def upload_state(self) -> UploadState | None:
        """How far the last upload of a folder came, or the one that was loaded; None before either.

        While one goes on it is as it was last saved, which is every five seconds.
        """
        snapshot = self._latest()
        if snapshot is None:
            return None
        by_status = {
            status: [name for name, file in snapshot.files.items() if file.status is status] for status in FileStatus
        }
        whole = len(by_status[FileStatus.UPLOADED]) == len(snapshot.files)
        return UploadState(
            total_files=len(snapshot.files),
            uploaded_files=by_status[FileStatus.UPLOADED],
            failed_files=by_status[FileStatus.FAILED],
            current_file=None if whole else self._progress.file or None,
            s3_prefix=snapshot.destination.prefix,
        )

    def validate_connection(self) -> tuple[bool, str]:
        """Find out whether the backend is there and accepts the token: (ok, error)."""
        error = self._attempt(lambda: self._uploader().test_connection(CancelToken()))
        return not error, error

    def get_presigned_url(self, s3_key: str | PurePath, content_type: str) -> tuple[bool, str, str]:
        """Ask for a URL to which one object may be sent with this Content-Type: (ok, url, error)."""
        urls: list[str] = []
        error = self._attempt(lambda: urls.append(self._uploader().presign(_as_key(s3_key), content_type).signed_url))
        return not error, "" if error else urls[0], error

    def upload_file(
        self,
        local_path: str | PathLike[str],
        s3_key: str | PurePath,
        progress_callback: FileProgress | None = None,
        max_retries: int = 3,
    ) -> tuple[bool, str]:
        """Send one file: (ok, error).

        `progress_callback(bytes_done, bytes_total)` is called for every block; a further try begins at 0 again.
        """

        def send() -> None:
            delays = [retry.DELAYS_S[min(count, len(retry.DELAYS_S) - 1)] for count in range(max_retries)]
            tell = Callback(progress_callback, None)
            self._uploader(delays, patience_s=0).upload_file(
                Path(local_path), _as_key(s3_key), on_progress=tell, cancel=CancelToken()
            )

        error = self._attempt(send)
        return not error, error

    def upload_directory(
        self,
        local_dir: str | PathLike[str],
        s3_prefix: str | PurePath,
        progress_callback: DirectoryProgress | None = None,
        cancel_check: Callable[[], bool] | None = None,
    ) -> tuple[bool, dict[str, str], str]:
        """Send a folder in publishing order: (ok, uploaded keys by path in the folder, error).

        After `load_upload_state` of an upload to the same place, files that are confirmed and unchanged are left out;
        where only that state is left, those that it names and that the server is found to have.

        Args:
            s3_prefix: the destination, such as videos/course1/lesson1/; a missing slash at its end is added.
            progress_callback: `(file, files_done, files_total, bytes_done, bytes_total)`, about ten times a second, in
                this thread.
            cancel_check: asked as often, from the beginning to the end; once it returns true, everything stops and what
                is done is kept for a resume.
        """
        tell, stopped = Callback(progress_callback, None), Callback(cancel_check, False)
        cancel = CancelToken()
        told = self._progress = TransferProgress()
        self._result = None

        def look() -> None:
            nonlocal told
            progress = self._progress
            if told != progress:
                told = progress
                done = progress.figures
                tell(progress.file, done.files_done, done.files_total, done.bytes_done, done.bytes_total)
            if stopped():
                cancel.cancel()

        def upload() -> None:
            look()
            watched(lambda: self._upload(Path(local_dir), _as_prefix(s3_prefix), cancel), look, cancel)

        error = self._attempt(upload, lambda: destination_problems(_as_prefix(s3_prefix)))
        result = self._result
        if result is not None:
            self._write_down([*tell.failures, *stopped.failures], result.log_file)
        return not error, {} if result is None else dict(result.uploaded), error

    def create_file_record(self, s3_keys: Mapping[str, str], metadata: Mapping[str, Any]) -> tuple[bool, str]:
        """Tell the backend about the video: (ok, error).

        Args:
            s3_keys: what `upload_directory` returned, or keys under `hls`, `mp4` and `transcript`.
            metadata: `name`, `duration` in seconds, `qualities`, `language` and `folder_id`, as far as they are known.
                Whatever else there is becomes part of the record's metadata.
        """

        def create() -> None:
            fields = self._record_fields(s3_keys, metadata)
            log_file = None if self._result is None else self._result.log_file
            self._uploader().create_record(fields, log_file=log_file, cancel=CancelToken())

        error = self._attempt(create)
        return not error, error

    def save_upload_state(self, state_file: str | PathLike[str]) -> bool:
        """Write how far the last upload of a folder got; False when there was none or it can't be written."""
        snapshot = self._latest()
        return snapshot is not None and not _sentence(lambda: write_state(Path(state_file), snapshot))

    def load_upload_state(self, state_file: str | PathLike[str]) -> bool:
        """Read how far an upload got, so that the next `upload_directory` to the same place goes on;
        False when it can't be read.
        """
        read: list[UploadSnapshot | None] = [None]
        _sentence(lambda: read.append(read_state(Path(state_file))))
        self._loaded = read[-1]
        if self._loaded is not None:
            self._snapshot, self._progress = self._loaded, TransferProgress()
        return self._loaded is not None

    def _upload(self, folder: Path, prefix: str, cancel: CancelToken) -> None:
        """Send a folder and its manifest. Raises PipelineError, Cancelled."""
        uploader = self._uploader()
        here = UploadDestination(backend_url=self.backend_url, prefix=prefix, session_id=self.session_id)
        loaded = self._loaded if self._loaded is not None and self._loaded.destination.mark == here.mark else None
        self._folder = folder
        try:
            publish_folder(
                uploader,
                folder,
                prefix,
                self._config.data_dir,
                replace=self.replace,
                resume=loaded is not None,
                saved=loaded,
                on_progress=self._progressed,
                on_notice=_log,
                on_sent=self._ended,
                cancel=cancel,
            )
        except TransferCancelled as cancelled:
            self._ended(cancelled.result)
            if loaded is not None and not cancelled.result.uploaded:  # stopped before it was looked at
                self._snapshot = loaded
            raise
        finally:
            self._folder = None

    def _progressed(self, progress: TransferProgress) -> None:
        self._progress = progress

    def _ended(self, result: UploadResult) -> None:
        self._result, self._snapshot = result, result.state

    def _latest(self) -> UploadSnapshot | None:
        """Return how far the upload is that goes on now, else how the last one ended."""
        under_way = None if self._folder is None else read_state(self._folder / STATE_FILE)
        return under_way or self._snapshot

    def _record_fields(self, keys: Mapping[str, str], metadata: Mapping[str, Any]) -> dict[str, Any]:
        last, prefix = self._result, folder_of(keys)
        if last is not None and last.uploaded.get(MASTER) == record_keys(keys)["hls"]:
            prefix = last.state.destination.prefix
        return fields_of_metadata(
            metadata, keys=keys, prefix=prefix, session_id=self.session_id, language=self.language
        )

    def _uploader(self, delays: Sequence[float] = retry.DELAYS_S, patience_s: float | None = None) -> Uploader:
        backend = replace(self._config.backend, url=self.backend_url, token=self.auth_token)
        patience_s = backend.patience_s if patience_s is None else patience_s
        return Uploader(backend, session_id=self.session_id, delays=delays, patience_s=patience_s)

    def _attempt(self, action: Callable[[], object], more_problems: Callable[[], Sequence[Problem]] = list) -> str:
        """Do something when all settings are good; return why it did not work, empty when it did."""

        def checked() -> None:
            problems: list[str | Problem] = [
                *self._config.problems,
                *backend_url_problems(self.backend_url),
                *token_problems(self.auth_token),
                *session_id_problems(self.session_id),
                *more_problems(),
            ]
            if problems:
                raise SettingsError(problems)
            action()

        return _sentence(checked)

    def _write_down(self, failures: Sequence[str], log_file: Path) -> None:
        """Add what went wrong in callbacks to the upload's log, where there is one."""
        if failures and log_file.exists():
            with UploadLog(log_file.parent, secrets=[self.auth_token], path=log_file) as log:
                for failure in failures:
                    log.write(failure)


def _sentence(action: Callable[[], object]) -> str:
    """Do something; return why it did not work, empty when it did."""
    try:
        action()
    except Cancelled as cancelled:
        return str(cancelled) or "Cancelled."
    except PipelineError as error:
        return str(error)
    except Exception as bug:  # noqa: BLE001  # the library's outermost frame: nothing raises
        return bug_text(bug, _log)
    return ""


def _log(text: str, level: LogLevel) -> None:
    logger.log(_LOUD.get(level, logging.INFO), text)


def _as_key(key: object) -> str:
    """Return a key as the store has it. Raises SettingsError where it is none."""
    text = key.as_posix() if isinstance(key, PurePath) else key
    if not isinstance(text, str) or not text:
        raise SettingsError("S3 key is required, for example videos/course123/lesson01/master.m3u8.")
    return text


def _as_prefix(prefix: object) -> str:
    """Return a destination with the slash that ends it, empty for what can't be one."""
    if isinstance(prefix, PurePath):
        prefix = prefix.as_posix()
    return as_prefix(prefix) if isinstance(prefix, str) else ""
