"""The folder of a finished job as a video for a dataset: its transcript, and what identifies the video.

Reads transcript.json and job.json; changes nothing.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import CodecError, OutputError
from pipeline.files import is_folder, is_there
from pipeline.job_file import FIRST_FORM, read_job_file
from pipeline.media.stream_layout import TRANSCRIPT_JSON
from pipeline.source_address import AddressKind, known_address
from pipeline.speech.transcript import Transcript
from pipeline.speech.transcript_file import transcript_from_json
from transcripts.videos import VideoTranscript


class JobFolderError(OutputError):
    """A folder has no transcript that can be put into a dataset."""


def job_folders(folder: Path) -> list[Path]:
    """Return the folders with a transcript: this one, or else those below it. Raises JobFolderError if none has one."""
    if is_there(folder / TRANSCRIPT_JSON):
        return [folder]
    if not is_folder(folder):
        raise JobFolderError(f"There is no folder {folder}: name the folder of a video that was converted.")
    found = sorted(path.parent for path in folder.rglob(TRANSCRIPT_JSON) if not _is_hidden(path.relative_to(folder)))
    if not found:
        raise JobFolderError(f"{folder} has no {TRANSCRIPT_JSON}: convert the video with a transcript first.")
    return found


def read_job_folder(folder: Path) -> VideoTranscript:
    """Return a finished job's video. Raises JobFolderError, NewerVersionError."""
    transcript = _transcript(folder / TRANSCRIPT_JSON)
    folder = folder.resolve()
    job = read_job_file(folder, oldest=FIRST_FORM)
    if job is None:
        return VideoTranscript(title=folder.name, transcript=transcript, folder=folder)
    address, upload = known_address(job.source_path), job.done.upload
    source = Path(job.source_path) if address is None else None
    return VideoTranscript(
        title=job.title or (Path(job.source_path).stem if address is None else address.title),
        transcript=transcript,
        source=source,
        address="" if address is None or address.kind is not AddressKind.S3 else address.text,
        fingerprint=job.source,
        folder=folder,
        prefix="" if upload is None else upload.prefix,
        backend_url="" if upload is None else upload.backend_url,
    )


def _transcript(path: Path) -> Transcript:
    try:
        return transcript_from_json(path.read_text(encoding="utf-8"))[0]
    except OSError as error:
        reason = error.strerror or "it can't be opened"
        raise JobFolderError(f"{path} can't be read ({reason}): check the file and its permissions.") from error
    except UnicodeDecodeError as error:
        raise JobFolderError(f"{path} can't be read (it is not UTF-8 text): make the transcript again.") from error
    except CodecError as error:
        raise JobFolderError(f"{path} can't be read ({str(error).rstrip('.')}): make the transcript again.") from error


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
