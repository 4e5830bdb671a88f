"""The two folders of a job on the disk: the final one, and the one beside it for work in progress.

Work is done in `DIR/.<slug>.partial/`, which becomes `DIR/<slug>/` in one move when it is complete.
Knows nothing of what is done in them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from pathlib import Path, PurePosixPath

from pipeline.errors import OutputError, Problem, Setting, SettingsError
from pipeline.files import is_folder, is_there, remove
from pipeline.media.stream_layout import MEDIA_SUFFIXES
from pipeline.published import JOB_FILE

CHECKPOINTS = ".checkpoints"
RECOGNITION_LOG, TRANSLATED_LOG = ".heard.jsonl", ".translated.jsonl"
"""What has been transcribed and what has been translated so far, until all is; hidden, so never published."""
CHECKED_LOG = ".checked.jsonl"
"""What the check of the stream has read of it, until it is published."""
SHOTS_LOG = ".shots.jsonl"
"""When shots change, as far as that was looked for, until the captions are made."""


def partial_of(final: Path) -> Path:
    """Return the folder for work in progress on what will be `final`."""
    return final.with_name(f".{final.name}.partial")


def lock_of(final: Path) -> Path:
    """Return the file that is locked while a run works on this folder."""
    return final.with_name(f".{final.name}.lock")


def check_writable(folder: Path) -> None:
    """See that a folder can be made and written to. Raises OutputError."""
    probe = folder / f".write-test-{os.getpid()}-{threading.get_ident()}"  # other jobs may look at the same time
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"The output folder {folder} can't be written ({error.strerror}): choose another one."
        ) from error


def check_place(folder: Path) -> None:
    """See, without writing anything, whether a folder could be made and written to, as far as that can be told.

    Raises OutputError.
    """
    there = next((path for path in (folder.absolute(), *folder.absolute().parents) if is_there(path)), None)
    if there is None or not is_folder(there) or not os.access(there, os.W_OK | os.X_OK):
        reason = "Not a directory" if there is not None and not is_folder(there) else "Permission denied"
        raise OutputError(f"The output folder {folder} can't be written ({reason}): choose another one.")


class JobFolders:
    """The folders of a job's files: `final`, `partial` beside it, and in that `checkpoints` and the files `logs`, of
    which `recognition_logs` keep what was transcribed.
    """

    def __init__(self, output_dir: Path, slug: str) -> None:
        from pipeline.speech.recognition_log import aligned_log  # an upload knows folders, and need not wait for speech

        self.final = output_dir / slug
        self.partial = partial_of(self.final)
        self.checkpoints = self.partial / CHECKPOINTS
        self.recognition_logs = (self.partial / RECOGNITION_LOG, self.partial / TRANSLATED_LOG)
        others = (self.partial / CHECKED_LOG, self.partial / SHOTS_LOG)
        self.logs = (*self.recognition_logs, aligned_log(self.partial / RECOGNITION_LOG), *others)
        self._old = self.final.with_name(f".{self.final.name}.old")
        self._above = self.final.parents[: len(PurePosixPath(slug).parts) - 1]

    def check_location(self, source: Path) -> None:
        """Check that the source is not in the folder, nor the folder in another video's. Raises SettingsError."""
        for folder in (self.final, self.partial):
            if source.resolve().is_relative_to(folder.resolve()):
                text = f"{source} lies in the folder that this job makes: move it out, or choose another output folder."
                raise SettingsError(Problem(text=text, setting=Setting.OUTPUT))
        for above in self._above:
            if (above / JOB_FILE).exists():
                text = f"{self.final} would lie inside {above}, the folder of another video"
                raise SettingsError(Problem(text=f"{text}: choose another output folder.", setting=Setting.OUTPUT))

    def put_in_place(self) -> None:
        """Move the folder of the work to its final place, replacing an older one. Raises OSError.

        What kept a run that was cut short from losing its work has no use any more.
        """
        for log in self.logs:
            log.unlink(missing_ok=True)
        if self._old.exists():
            shutil.rmtree(self._old)
        if self.final.exists():
            self.final.replace(self._old)
        self.partial.replace(self.final)
        self.remove_old()

    def remove_old(self) -> None:
        """Remove what is left of a folder that was replaced, as after a run that was killed while it did so."""
        shutil.rmtree(self._old, ignore_errors=True)

    def copy_final(self) -> None:
        """Copy the folder in its place, which is played until the new one takes that, into the one for the work."""
        self.empty_partial()
        (self.partial / JOB_FILE).unlink(missing_ok=True)
        # the job file comes last, so that it stands for a complete copy
        no_job_file = shutil.ignore_patterns(JOB_FILE)
        shutil.copytree(self.final, self.partial, copy_function=_link_or_copy, ignore=no_job_file, dirs_exist_ok=True)

    def empty_partial(self) -> None:
        """Remove all but checkpoints, logs and the job file from the folder of work in progress. Raises OSError."""
        for path in self.partial.iterdir():
            if path not in (self.checkpoints, *self.logs, self.partial / JOB_FILE):
                remove(path)

    def remove_empty_above(self) -> None:
        """Remove the folders above the job's own, as far as they are empty; the output folder itself stays."""
        for above in self._above:
            with contextlib.suppress(OSError):  # not empty, or not there
                above.rmdir()


def _link_or_copy(source: str, target: str) -> None:
    """Give a segment a second name, which takes no room; it is never changed in place. Other files are copied."""
    if Path(source).suffix in MEDIA_SUFFIXES:
        with contextlib.suppress(OSError):  # some disks have no links
            os.link(source, target)
            return
    shutil.copy2(source, target)
