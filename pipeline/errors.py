"""Everything that can go wrong in a job, as one tree.

A message is a sentence for an editor: what, which file, what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from pipeline.printable import printable, printable_lines


class Setting(Enum):
    """What an editor sets, in the window or on the command line, as far as a rule can refer to it."""

    SOURCE = "source"
    TRACKS = "tracks"
    TRIM = "trim"
    POSTER = "poster"
    CHAPTERS = "chapters"
    OUTPUT = "output"
    QUALITIES = "qualities"
    CODEC = "codec"
    ENCODER = "encoder"
    PRESET = "preset"
    TARGET_VMAF = "target vmaf"
    BIT_RATES = "bit rates"
    SEGMENT_TYPE = "segment type"
    KEEP_HDR = "keep hdr"
    LOUDNESS = "loudness"
    AUDIO_MAP = "audio map"
    KEY_FILE = "key file"
    KEY_URI = "key uri"
    MODEL = "model"
    SPOKEN_LANGUAGE = "spoken language"
    CAPTION_TRACK = "caption track"
    NAMES = "names"
    CAPTIONS = "captions"
    DATASET = "dataset"
    BACKEND_URL = "backend url"
    TOKEN = "token"
    DESTINATION = "destination"
    SESSION_ID = "session id"
    DELETE_LOCAL = "delete local"
    SPEED_LIMIT = "speed limit"
    ENGINE = "engine"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A sentence for the editor, and the setting that it is about, None if it is about none or several.

    `of_machine` tells what a machine lacks, which another may have, from what is wrong with the job.
    """

    text: str
    setting: Setting | None = None
    of_machine: bool = False


HOW_TO_ACCEPT = " (under Advanced, or with --accept-damaged)"
"""Where damaged videos are accepted; a front end that offers that itself leaves it out."""


class Cancelled(Exception):
    """The editor asked the job to stop. Not an error, so it is not a part of the tree."""


class PipelineError(Exception):
    """A job, or a step before it, can't go on. The text is shown to the editor, without signs that a terminal obeys:
    it may quote a server, or a file's name.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(printable_lines(text))


class SettingsError(PipelineError):
    """What was asked for can't be done as asked: wrong settings or configuration (exit status 2).

    `problems` holds all of them, so that they can be shown at once; a sentence alone is one that is of no setting.
    """

    def __init__(self, problems: str | Problem | Sequence[str | Problem]) -> None:
        several = (problems,) if isinstance(problems, str | Problem) else problems
        found = (Problem(text=one) if isinstance(one, str) else one for one in several)
        self.problems = tuple(replace(one, text=printable_lines(one.text)) for one in found)
        super().__init__("\n".join(self.sentences))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is wrong, without the settings."""
        return tuple(problem.text for problem in self.problems)


class FolderConflict(str, Enum):
    """Why a folder is not replaced unasked."""

    OTHER_SOURCE = "other source"
    CHANGED_SOURCE = "changed source"
    SOMETHING_ELSE = "something else"
    NEWER_VERSION = "newer version"
    MORE_THAN_WANTED = "more than wanted"
    CORRECTED_BY_HAND = "corrected by hand"
    MEDIA_DELETED = "media deleted"


class FolderTakenError(SettingsError):
    """The output folder holds what is not replaced unasked.

    `conflict` is why; `reason` says it in words, and ends without a full stop.
    """

    def __init__(
        self,
        conflict: FolderConflict,
        reason: str,
        *,
        remedy: str = "choose another output folder, or start fresh (--fresh) to replace it.",
    ) -> None:
        self.conflict = conflict
        self.reason = reason
        super().__init__(Problem(text=f"{reason}: {remedy}", setting=Setting.OUTPUT))


class NewerVersionError(SettingsError):
    """A folder holds work of a newer version of this program, in a form that this one does not know."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} was made by a newer version of this program: update the program and start again.")


class UploadIncompleteError(SettingsError):
    """An earlier upload of the same files was not finished: the user must choose resume or fresh."""

    def __init__(self, *, files_done: int, files_total: int) -> None:
        self.files_done = files_done
        self.files_total = files_total
        super().__init__(f"Previous upload incomplete. Resume? ({files_done}/{files_total} files uploaded)")


class DestinationTakenError(SettingsError):
    """Another video is at the destination: the user must say that it is to be replaced.

    `title` is the other video's, empty if it is unknown; `same_name` says that it is called like the one
    that is to go there, `last_synced` when it was last uploaded (UTC), empty where nobody knows. `begun` says that its
    upload has begun then, and is not finished.
    """

    def __init__(self, *, prefix: str, title: str, same_name: bool, last_synced: str, begun: bool = False) -> None:
        self.prefix = prefix
        self.title = title = printable(title)
        self.same_name = same_name
        self.last_synced = last_synced
        self.begun = begun
        if begun:
            whose = f"another “{title}”, with other content," if same_name else f"“{title}”"
            taken = f"An upload of {whose} to {prefix} has begun and is not finished"
        elif not title:
            taken = f"{prefix} holds a stream of an unknown video"
        else:
            what = f"another “{title}”, with other content" if same_name else f"another video, “{title}”"
            taken = f"{prefix} holds {what}"
        text = f"{taken}: choose another destination, or replace it (--replace)."
        super().__init__(Problem(text=text, setting=Setting.DESTINATION))


class UnreachableError(PipelineError):
    """A server can't be reached now, or does not answer: a later try may succeed."""


class CodecError(PipelineError):
    """What was stored or sent is not in the form that it should have."""


class JobStoreError(PipelineError):
    """The queue's file can't be read or written."""


class ToolError(PipelineError):
    """ffmpeg can't be found or started."""


class SourceError(PipelineError):
    """The source can't be read as a video."""


class DamageError(SourceError):
    """The source is damaged; as far as it can be read it is converted where that is accepted."""


class SourceChangedError(SourceError):
    """The source is no longer the file that was probed: it grew, was cut, replaced or moved."""


class OutputError(PipelineError):
    """The output folder can't be written, is full, or holds something else."""


class FolderInUseError(OutputError):
    """Another run of the program is working on the same folder or file."""


class EncodeError(PipelineError):
    """ffmpeg failed, or made less than the source declares."""


class IncompleteError(EncodeError):
    """What was made is not what it should be. The text is for the log and never for an editor."""


class FfmpegError(EncodeError):
    """ffmpeg ended with an error.

    The text is what that means; `words` are its own, for the log and never for an editor.
    """

    def __init__(self, words: str, *, meaning: str) -> None:
        self.words = words
        super().__init__(meaning)


class SpeechError(PipelineError):
    """The Whisper model is not available, or transcription failed."""


class SubtitleFileError(PipelineError):
    """A subtitle file can't be read, or has no captions in it."""


class TransferError(PipelineError):
    """The backend or the store can't be reached, refuses, or did not take every file.

    `failed_files` is how many files were tried in vain, 0 where it is not for single files that the upload failed.
    """

    def __init__(self, text: str = "", *, failed_files: int = 0) -> None:
        self.failed_files = failed_files
        super().__init__(text)


class AuthenticationError(TransferError):
    """The backend does not accept the token."""
