"""Publishes one video of a dataset: its corrected captions in the place of those that were uploaded. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Problem, SettingsError
from pipeline.events import LogLevel
from pipeline.transfer.http.validation import backend_url_problems, token_problems
from transcripts.destinations import PublishError, destination_of
from transcripts.document import Document
from transcripts.rows import Id
from transcripts.schema import ID_FIELD
from transcripts.videos import videos_in

NoticeCallback = Callable[[str], None]
Publish = Callable[[Document, Id, NoticeCallback], str]
"""Publishes a video of a document and returns what came of it in a sentence; may take long, raises PipelineError."""


def publisher_for(config: Config) -> Publish:
    """Return what publishes with the program's settings."""

    def publish(document: Document, media_id: Id, notice: NoticeCallback) -> str:
        return publish_video(document, media_id, config, notice)

    return publish


def publish_video(document: Document, media_id: Id, config: Config, notice: NoticeCallback) -> str:
    """Publish a video as the document has it now; `notice` is told while something is waited for.

    Raises SettingsError, PublishError, TransferError, DocumentError, OutputError, FolderInUseError.
    """
    _check_backend(config)
    video = next((one for one in videos_in(document) if one.media.get(ID_FIELD) == media_id), None)
    if video is None:
        raise PublishError("The video is not in the dataset any more.")
    from pipeline.transfer.manifests.remote import connected  # the network's libraries take a moment
    from pipeline.transfer.upload.uploader import Uploader
    from transcripts.publish import Publisher, PublishOutcome

    def told(text: str, level: LogLevel) -> None:
        if level is not LogLevel.DETAIL:
            notice(text)

    with connected(config.backend) as remote:
        uploader = Uploader(config.backend, session_id=None, patience_s=config.backend.patience_s)
        publisher = Publisher(remote, uploader, config.data_dir, on_notice=told, cancel=CancelToken())
        destination = destination_of(video, remote, config.data_dir)
        if destination is None:
            raise PublishError(f"{video.title} was not uploaded: upload its folder, and add that to the dataset again.")
        result = publisher.publish(video, destination)
    if result.outcome is PublishOutcome.UNCHANGED:
        return f"{video.title}: the published captions are up to date already."
    count = len(result.files)
    said = f"{video.title} is published: {count} {'file was' if count == 1 else 'files were'} replaced."
    return " ".join((said, *result.notices))


def _check_backend(config: Config) -> None:
    backend = config.backend
    problems: list[str | Problem] = [
        *config.problems,
        *backend_url_problems(backend.url),
        *token_problems(backend.token),
    ]
    if problems:
        raise SettingsError(problems)
