"""The settings of the selected video in the form: filled in, and given back to the video when they were changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.errors import PipelineError, Problem, Setting
from pipeline.job import Job
from ui.chosen_video import chosen_video
from ui.form_of_job import edited, form_of, with_source
from ui.form_variables import FormVariables
from ui.job_form import FormValues, form_problems, to_job
from ui.list_control import ListControl
from ui.list_messages import StoredVideo
from ui.preset_form import preset_in
from ui.video_rows import VideoRow

OF_NO_VIDEO = (
    *("backend_url", "token", "backend", "typed_url", "remember_login"),
    *("limit", "parallel", "engine", "program", "window"),
)
"""What is the computer's own, whichever video stands in the form, beside what is unfolded and the background."""


class RowEditing:
    """Shows one video at a time; what stood in the form before comes back when none is selected any more."""

    def __init__(self, variables: FormVariables, control: ListControl) -> None:
        self._variables = variables
        self._control = control
        self._own: FormValues | None = None
        self._id = ""
        self._job: Job | None = None
        self._backend_url = ""
        self._seen: tuple[Job, str] | None = None
        self._names: dict[str, tuple[str, ...]] = {}
        self._shown: FormValues | None = None
        self._filled: FormValues | None = None
        self._filling = False

    @property
    def follows(self) -> bool:
        """Whether what is changed in the form now is a video's."""
        return self._job is not None and not self._filling

    @property
    def name(self) -> str:
        """What the video is called whose settings stand in the form, empty for none."""
        return "" if self._job is None else self._job.source.name

    def own_values(self) -> FormValues:
        """Return what stands in the form when no video is selected: the settings of those that are added."""
        if self._own is None:
            return self._variables.read()
        now = self._variables.read()
        opened = tuple(name for name in vars(now) if name.endswith("_open"))
        kept = {name: getattr(now, name) for name in (*OF_NO_VIDEO, *opened)}
        advanced = replace(self._own.advanced, background=now.advanced.background)
        return replace(self._own, **kept, advanced=advanced)

    def shows(self, row: VideoRow | None) -> bool:
        """Whether the settings of this video stand in the form, or for None those of no video."""
        return self._id == ("" if row is None else row.id)

    def show(self, row: VideoRow | None) -> None:
        """Show a video's settings, or what stood there before."""
        if self.shows(row):
            if row is not None:
                self._follow(row.listed)
            return
        if row is None:
            values, self._own = self.own_values(), None
            self._id, self._job, self._seen, self._filled = "", None, None, None
            self._fill(values)
            return
        own = self.own_values()
        self._own = own
        self._id = row.id
        self._follow(row.listed)
        filled = form_of(row.job, own)
        self._fill(replace(filled, preset_name=preset_in(row.listed.label)))
        self._shown = self._filled = self._variables.read()

    def added(self, source: str) -> None:
        """Take a video out of the form that is in the list now, unless another one stands there."""
        if self._own is not None and self._own.source == source:
            self._own = with_source(self._own, "")
        elif self._own is None and self._variables.read().source == source:
            self._variables.source.set("")

    def fill_in(self, change: Callable[[], None]) -> None:
        """Let the program change the form, as the login that was remembered: no video has that from the editor."""
        change()
        if self._filled is not None:
            self._filled = self._variables.read()

    def edited(self) -> tuple[Problem, ...]:
        """Give the video what was changed in the form, or return why that can't be; it has what it had then.

        With another source no video of the list is edited any more: that one stands in the form.
        """
        job, before, now = self._job, self._filled, self._variables.read()
        if job is None or before is None or now == before:
            return ()
        if now.source != before.source:
            self._own = with_source(self.own_values(), now.source)
            self._control.select(())
            self.show(None)
            return ()
        if problems := form_problems(now, has_video=job.qualities is not None):
            return problems
        try:
            names = self._names.get(self._id, ())
            changed = edited(job, _job_of(before, job, names), _job_of(now, job, names))
        except PipelineError as error:
            return (Problem(text=str(error), setting=Setting.SOURCE),)
        self._filled = now
        url = self._server(before, now)
        if changed != job or url != self._backend_url or _names_file(now) != _names_file(before):
            self._job, self._backend_url = changed, url
            self._control.list.replace(self._id, changed, url, now, other_names=self._has_other_names(before, now))
        return ()

    def _has_other_names(self, before: FormValues, now: FormValues) -> bool:
        """Whether the names are to be read from the form's file: not where only the transcript is wanted again."""
        file, file_before = _names_file(now), _names_file(before)
        if file_before is None and not file:
            return False
        return {file_before, _names_file(self._shown or before)} != {file}

    def _server(self, before: FormValues, now: FormValues) -> str:
        """Return the server that the video is uploaded to: its own, unless another was chosen for it in the form."""
        chosen = self._control.backend_url(now)
        is_new = now.upload and not before.upload
        return chosen if is_new or chosen != self._control.backend_url(before) else self._backend_url

    def _follow(self, listed: StoredVideo) -> None:
        """Note how the video stands in the list; what was given to it stays until the list has something else."""
        seen = (listed.job, listed.backend_url)
        if seen != self._seen:
            self._seen = seen
            self._job, self._backend_url = seen
            if listed.job.transcription is not None:
                self._names[listed.id] = listed.job.transcription.names

    def _fill(self, values: FormValues) -> None:
        self._filling = True
        try:
            self._variables.fill(values)
        finally:
            self._filling = False


def _names_file(values: FormValues) -> str | None:
    """Return the file of names that the transcript is corrected by, empty for none, None for no transcript."""
    return values.speech.names_file if values.transcribe else None


def _job_of(values: FormValues, job: Job, names: tuple[str, ...]) -> Job:
    """Return the job that the form describes for the video of another one; `names` are those that its transcript had
    last.
    """
    video = replace(chosen_video(job.origin), slug=job.slug)
    return to_job(values, video, None, names if job.transcription is None else job.transcription.names)
