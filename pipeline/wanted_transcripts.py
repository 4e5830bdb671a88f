"""The transcripts that are asked for: of which source each is, and where its files belong. Reads and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import Problem, Setting, SettingsError
from pipeline.inputs import Input
from pipeline.job import Job, TranscriptForm, TranscriptionRequest
from pipeline.output_settings import TRANSCRIPT, TRANSLATION
from pipeline.speech.languages import ENGLISH
from pipeline.transcript_note import note_path

Places = Mapping[TranscriptForm, Path]
"""Where each form belongs."""


@dataclass(frozen=True, kw_only=True)
class TranscriptJob:
    """A transcript that is wanted: `files` has the place of each form, all in one folder.

    `translated` has those of the forms of its translation, none where that is not wanted. `overwrite` lets them take
    the places of files that are there.
    """

    job: Job
    files: Places
    translated: Places = field(default_factory=dict)
    overwrite: bool = False

    @property
    def by_step(self) -> dict[str, Places]:
        """The places of the files by the step that makes them."""
        return {TRANSCRIPT: self.files, TRANSLATION: self.translated}

    @property
    def places(self) -> tuple[Path, ...]:
        """The places of all files."""
        return (*self.files.values(), *self.translated.values())

    @property
    def folder(self) -> Path:
        """Where the files go."""
        return self.places[0].parent

    @property
    def note(self) -> Path:
        """Where it is noted what was made."""
        return note_path(self.folder, self.job.source.stem)


def transcript_jobs(
    inputs: Sequence[Input],
    request: TranscriptionRequest,
    forms: Sequence[TranscriptForm],
    *,
    output: Path | None,
    overwrite: bool = False,
    script: Path | None = None,
) -> list[TranscriptJob]:
    """Return a job for each input: beside it, or below `output` in the folders of its slug.

    Raises SettingsError where two inputs would have the same file, or the same script, or where an input that is named
    by its address would have its files beside it.
    """
    if script is not None and len(inputs) > 1:
        text = "--align is for one video: transcribe each with its own script."
        raise SettingsError(Problem(text=text, setting=Setting.CAPTIONS))
    jobs = []
    taken: dict[Path, str] = {}
    for one in inputs:
        if output is None and one.address is not None:
            text = f"{one.address} is no file of a folder here: say where its transcript goes (-o DIR)."
            raise SettingsError(Problem(text=text, setting=Setting.OUTPUT))
        folder = one.source.parent if output is None else output / Path(one.slug).parent
        files = {form: folder / f"{one.source.stem}.{form.value}" for form in forms}
        english = {form: folder / f"{one.source.stem}.{ENGLISH}.{form.value}" for form in forms}
        translated = english if request.translate else {}
        for file in (*files.values(), *translated.values()):
            origin = str(one.source) if one.address is None else one.address.text
            other = taken.setdefault(file.absolute(), origin)
            if other != origin:
                text = f"{file} would be made of both {other} and {origin}: transcribe them one by one."
                raise SettingsError(Problem(text=text, setting=Setting.OUTPUT))
        job = Job(
            source=one.source,
            output_dir=folder,
            slug=one.slug,
            make_mp4=False,
            transcription=request,
            script=script,
            address=one.address,
        )
        jobs.append(TranscriptJob(job=job, files=files, translated=translated, overwrite=overwrite))
    return jobs
