"""`transcripts publish`: edited transcripts in the place of those that were uploaded."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.named_manifest import check_manifest_backend
from cli.printing import counted, terminal_safe, write_event
from cli.transcripts_state import tell_what_is_missing
from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import AuthenticationError, FolderInUseError, OutputError, TransferError
from pipeline.events import LogLevel
from pipeline.transfer.manifests.remote import Remote, connected
from pipeline.transfer.upload.uploader import Uploader
from transcripts.dataset import open_dataset
from transcripts.destinations import PublishError, destination_of
from transcripts.errors import DocumentError
from transcripts.publish import Publisher, PublishOutcome, PublishResult
from transcripts.schema import ID_FIELD
from transcripts.videos import Video, videos_in

NOT_UPLOADED, FAILED = "not uploaded", "failed"
"""What became of a video that was not published; the other outcomes are those of PublishOutcome."""


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What became of one video; `error` says why it failed."""

    outcome: str
    files: tuple[str, ...] = ()
    error: str = ""


def publish(options: argparse.Namespace, config: Config) -> int:
    """Publish what was asked for; exit 1 where a video could not be. One that fails does not stop the others."""
    check_manifest_backend(config, None)
    with open_dataset(options.dataset, config=config) as dataset:
        tell_what_is_missing(dataset)
        videos = videos_in(dataset.document, *options.media)
        unsaved = dataset.document.changes.text if dataset.document.changes.unsaved else ""
    if unsaved and dataset.is_on_s3 and not options.json:
        sys.stdout.write(f"Publishing with changes that are not on S3 yet: {unsaved}.\n")
    failed = 0
    with connected(config.backend) as remote:
        publisher = _publisher(remote, config)
        for video in videos:
            said = _publish_one(publisher, remote, video, options, config)
            failed += said.outcome == FAILED
            _say(video, said, as_json=options.json)
    return EXIT_FAILED if failed else EXIT_DONE


def _publisher(remote: Remote, config: Config) -> Publisher:
    def notice(text: str, level: LogLevel) -> None:
        if level is not LogLevel.DETAIL:
            complain(text)

    uploader = Uploader(config.backend, session_id=None, patience_s=config.backend.patience_s)
    return Publisher(remote, uploader, config.data_dir, on_notice=notice, cancel=CancelToken())


def _publish_one(
    publisher: Publisher, remote: Remote, video: Video, options: argparse.Namespace, config: Config
) -> _Said:
    try:
        destination = destination_of(video, remote, config.data_dir)
        if destination is None:
            if options.media:
                raise PublishError("It was not uploaded: upload its folder, and add that to the dataset again.")
            return _Said(outcome=NOT_UPLOADED)
        result = publisher.publish(video, destination, only_changed=options.changed)
    except AuthenticationError:  # no other video will fare better
        raise
    except (DocumentError, FolderInUseError, OutputError, TransferError) as error:
        return _Said(outcome=FAILED, error=str(error))
    for text in result.notices:
        complain(text)
    return _said(result)


def _said(result: PublishResult) -> _Said:
    return _Said(outcome=result.outcome.value, files=result.files)


def _say(video: Video, said: _Said, *, as_json: bool) -> None:
    title = terminal_safe(video.title)
    if as_json:
        known = {"title": video.title, "media_id": video.media[ID_FIELD], "outcome": said.outcome}
        write_event("dataset_published", {**known, "files": list(said.files), "error": said.error})
    if said.outcome == FAILED:
        complain(f"{title} was not published. {said.error}")
    elif not as_json:
        count = f", {counted(len(said.files), 'file')}" if said.outcome == PublishOutcome.PUBLISHED.value else ""
        sys.stdout.write(f"{title}: {said.outcome}{count}.\n")
