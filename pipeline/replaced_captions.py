"""Puts a subtitle file of an editor's in the place of the captions of a finished folder, and into its stream."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from pipeline.caption_files import SUFFIXES
from pipeline.errors import OutputError, PipelineError, SettingsError
from pipeline.files import is_there, read_file, write_whole
from pipeline.finished_folder import FinishedFolder
from pipeline.folder_lock import locked
from pipeline.job import UploadJob, UploadRequest
from pipeline.media.stream_layout import CAPTIONS_VTT, TRANSCRIPT_SRT
from pipeline.model import UploadPlan
from pipeline.phases.folder_captions import take_over_corrections
from pipeline.speech.subtitle_files import read_subtitles

PLACES = {".srt": TRANSCRIPT_SRT, ".vtt": CAPTIONS_VTT}


def replace_captions(folder: Path, file: Path) -> str:
    """Replace a folder's captions by those of a SubRip or WebVTT file; return a sentence that says what was done.

    The transcript's other forms and the subtitles of the stream say the same afterwards; where the folder was uploaded,
    the next upload sends what has changed. If anything goes wrong, the captions are those that were there.

    Raises SubtitleFileError, SettingsError, FolderInUseError, OutputError, NewerVersionError.
    """
    name = PLACES.get(file.suffix.lower())
    if name is None or file.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"{file} is not a subtitle file: choose one that ends with .srt or .vtt.")
    if not is_there(folder / name):
        raise SettingsError(f"{folder} has no captions to replace: convert the video again with this file as captions.")
    read_subtitles(file, language=None)
    finished = FinishedFolder(folder)
    lock = finished.lock_file
    with nullcontext() if lock is None else locked(lock, folder):
        finished.check_for(UploadPlan(job=UploadJob(folder=folder, upload=UploadRequest(prefix="")), phases=()))
        before = _content(folder / name)
        said: list[str] = []
        write_whole(folder / name, _content(file))
        try:
            take_over_corrections(finished, lambda text, _level: said.append(text))
        except (PipelineError, OSError, ValueError):
            write_whole(folder / name, before)
            raise
    return said[0] if said else f"The captions of {folder} say what {file.name} says already."


def _content(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise OutputError(f"{path} can't be read ({error.strerror}): check its permissions.") from error
