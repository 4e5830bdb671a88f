"""Upload files and whole folders to S3 through a backend's presigned URLs: the upload engine as a library.

Reads BACKEND_URL, AUTH_TOKEN and the rest from `.env` and the environment. Every method answers with a tuple whose first
part says whether it worked and whose last is a sentence for people when it did not; none raises because a server, a file
or the network is not as hoped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError
from pipeline.transfer import retry, uploader
from pipeline.transfer.journal import Destination
from pipeline.transfer.manifest_library import previous_manifest
from pipeline.transfer.manifest_upload import publish_manifest
from pipeline.transfer.record import record_fields
from pipeline.transfer.results import TransferCancelled, UploadResult, upload_failure
from pipeline.transfer.state_file import UploadSnapshot, read_state, write_state
from pipeline.transfer.tally import TransferProgress
from pipeline.transfer.validation import backend_url_problems, destination_problems, session_id_problems, token_problems
from pipeline.workspace import title_of

if TYPE_CHECKING:
    from os import PathLike

DirectoryProgress = Callable[[str, int, int, int, int], None]
FileProgress = Callable[[int, int], None]


class S3UploadManager:
    """Uploads through the backend that the environment names.

    Args:
        session_id: the backend's session to link the files to, 24 hex digits, or None.
        language: the file record's language code; DEFAULT_LANGUAGE when None.
    """

    def __init__(self, session_id: str | None = None, language: str | None = None) -> None:
        config = Config.load()
        self._backend = config.backend
        self._data_dir = config.data_dir
        self._session_id = session_id or None
        self._language = language or config.languages.default
        self._uploader = uploader.Uploader(self._backend, session_id=self._session_id)
        self._state: UploadSnapshot | None = None
        self._loaded: UploadSnapshot | None = None
        self._prefix = ""
        self._log_file: Path | None = None

    def validate_connection(self) -> tuple[bool, str]:
        """Find out whether the backend is there and accepts the token: (ok, error)."""
        return self._answer(lambda: self._uploader.test_connection(CancelToken()))

    def get_presigned_url(self, s3_key: str, content_type: str) -> tuple[bool, str, str]:
        """Ask for a URL to which one object may be sent with this Content-Type: (ok, url, error)."""
        urls: list[str] = []
        ok, error = self._answer(lambda: urls.append(self._uploader.presign(s3_key, content_type).signed_url))
        return ok, urls[0] if ok else "", error

    def upload_file(
        self, local_path: str | PathLike[str], s3_key: str, progress_callback: FileProgress | None = None, max_retries: int = 3
    ) -> tuple[bool, str]:
        """Send one file: (ok, error).

        `progress_callback(bytes_done, bytes_total)` is called for every block; a further try begins at 0 again.
        """
        path = Path(local_path)
        delays = [retry.DELAYS_S[min(count, len(retry.DELAYS_S) - 1)] for count in range(max_retries)]
        engine = uploader.Uploader(self._backend, session_id=self._session_id, delays=delays)
        return self._answer(lambda: engine.upload_file(path, s3_key, on_progress=progress_callback, cancel=CancelToken()))

    def upload_directory(
        self,
        local_dir: str | PathLike[str],
        s3_prefix: str,
        progress_callback: DirectoryProgress | None = None,
        cancel_check: Callable[[], bool] | None = None,
    ) -> tuple[bool, dict[str, str], str]:
        """Send a folder in publishing order: (ok, uploaded keys by path in the folder, error).

        After `load_upload_state` of an upload to the same place, files that are confirmed and unchanged are left out.

        Args:
            progress_callback: `(file, files_done, files_total, bytes_done, bytes_total)`, about ten times a second.
            cancel_check: asked as often; once it returns true, everything stops and what is done is kept for a resume.
        """
        problems = [*self._setup_problems(), *destination_problems(s3_prefix)]
        if problems:
            return False, {}, "\n".join(problems)
        cancel = CancelToken()
        reported: list[TransferProgress] = []

        def watch(progress: TransferProgress) -> None:
            if progress_callback is not None and reported != [progress]:
                reported[:] = [progress]
                progress_callback(progress.file, progress.files_done, progress.files_total, progress.bytes_done, progress.bytes_total)
            if cancel_check is not None and cancel_check():
                cancel.cancel()

        here = Destination(backend_url=self._backend.url, prefix=s3_prefix, session_id=self._session_id)
        resume = self._loaded is not None and self._loaded.destination.mark == here.mark
        if cancel_check is not None and cancel_check():
            cancel.cancel()
        folder = Path(local_dir)
        known, _ = previous_manifest(folder, self._data_dir, self._backend.url, s3_prefix)
        try:
            result = self._uploader.upload(folder, s3_prefix, resume=resume, on_progress=watch, known=known, cancel=cancel)
        except TransferCancelled as cancelled:
            self._remember(cancelled.result, s3_prefix)
            return False, dict(cancelled.result.uploaded), str(cancelled)
        except PipelineError as error:
            return False, {}, str(error)
        self._remember(result, s3_prefix)
        if not result.complete:
            return False, dict(result.uploaded), str(upload_failure(result))
        try:
            publish_manifest(self._uploader, result, folder, title=title_of(folder), data_dir=self._data_dir, cancel=cancel)
        except (PipelineError, Cancelled) as error:
            return False, dict(result.uploaded), str(error) or "Cancelled."
        return True, dict(result.uploaded), ""

    def create_file_record(self, s3_keys: Mapping[str, str], metadata: Mapping[str, Any]) -> tuple[bool, str]:
        """Tell the backend about the video: (ok, error).

        Args:
            s3_keys: what `upload_directory` returned, or keys under `hls`, `mp4` and `transcript`.
            metadata: `name`, `duration` in seconds and `qualities`, as far as they are known.
        """
        qualities = metadata.get("qualities") or ()
        fields = record_fields(
            name=str(metadata.get("name") or "video"),
            language=self._language,
            prefix=self._prefix or _folder_of(s3_keys),
            session_id=self._session_id,
            keys=s3_keys,
            duration_s=metadata.get("duration"),
            qualities=[str(quality) for quality in qualities] if isinstance(qualities, Sequence) else [],
        )
        log_file = self._log_file
        return self._answer(lambda: self._uploader.create_record(fields, log_file=log_file, cancel=CancelToken()))

    def save_upload_state(self, state_file: str | PathLike[str]) -> bool:
        """Write how far the last upload of a folder got; False when there was none or it can't be written."""
        if self._state is None:
            return False
        try:
            write_state(Path(state_file), self._state)
        except PipelineError:
            return False
        return True

    def load_upload_state(self, state_file: str | PathLike[str]) -> bool:
        """Read how far an upload got, so that the next `upload_directory` to the same place goes on; False when it can't be read."""
        self._loaded = read_state(Path(state_file))
        return self._loaded is not None

    def _remember(self, result: UploadResult, prefix: str) -> None:
        self._state = result.state
        self._prefix = prefix
        self._log_file = result.log_file

    def _setup_problems(self) -> list[str]:
        return [
            *backend_url_problems(self._backend.url),
            *token_problems(self._backend.token, typed=False),
            *session_id_problems(self._session_id),
        ]

    def _answer(self, action: Callable[[], object]) -> tuple[bool, str]:
        problems = self._setup_problems()
        if problems:
            return False, "\n".join(problems)
        try:
            action()
        except (PipelineError, Cancelled) as error:
            return False, str(error)
        return True, ""


def _folder_of(keys: Mapping[str, str]) -> str:
    key = keys.get("hls") or keys.get("master.m3u8") or ""
    return key.rpartition("/")[0] + "/" if "/" in key else ""
