"""The two folders of a job on the disk: the final one, and the one beside it for work in progress.

Work is done in `DIR/.<slug>.partial/`, which becomes `DIR/<slug>/` in one move when it is complete.
Knows nothing of what is done in them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path, PurePosixPath

from pipeline.errors import OutputError, Problem, Setting, SettingsError
from pipeline.files import remove
from pipeline.media.stream_layout import MEDIA_SUFFIXES
from pipeline.published import JOB_FILE

CHECKPOINTS = ".checkpoints"
HEARD_LOG, TRANSLATED_LOG = ".heard.jsonl", ".translated.jsonl"
"""What has been heard and what has been translated so far, until all is; hidden, so never published."""


def partial_of(final: Path) -> Path:
    """Return the folder for work in progress on what will be `final`."""
    return final.with_name(f".{final.name}.partial")


def lock_of(final: Path) -> Path:
    """Return the file that is locked while a run works on this folder."""
    return final.with_name(f".{final.name}.lock")


def check_writable(folder: Path) -> None:
    """See that a folder can be made and written to. Raises OutputError."""
    probe = folder / f".write-test-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"The output folder {folder} can't be written ({error.strerror}): choose another one."
        ) from error


class JobFolders:
    """The folders of a job's files: `final`, `partial` beside it, and in that `checkpoints` and the files `logs`."""

    def __init__(self, output_dir: Path, slug: str) -> None:
        self.final = output_dir / slug
        self.partial = partial_of(self.final)
        self.checkpoints = self.partial / CHECKPOINTS
        self.logs = (self.partial / HEARD_LOG, self.partial / TRANSLATED_LOG)
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
        """Move the folder of the work to its final place, replacing an older one. Raises OSError."""
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
