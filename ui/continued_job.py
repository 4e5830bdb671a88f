"""An unfinished job that the editor went on with: what Start does while it stands in the form. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.inputs import Input
from pipeline.job import Existing, Job, resumed
from ui.form_of_job import edited
from ui.job_form import FormValues, to_job


@dataclass(frozen=True, kw_only=True)
class ContinuedJob:
    """The job, and the values of the form when it had been put into it."""

    job: Job
    filled: FormValues

    def unchanged(self, values: FormValues) -> Job | None:
        """Return the job to go on with, None if the form asks for something else by now."""
        filled = self.filled
        same = (values.source, values.engine) == (filled.source, filled.engine)
        return resumed(self.job) if same and self._described(values) == self._described(filled) else None

    def changed(self, values: FormValues, made: Job) -> Job:
        """Return the job with what was changed in the form, which has made `made` of its values.

        What the form has no field for stays as it was asked for.
        """
        before = self._described(self.filled)
        if before is None or values.source != self.filled.source:
            return made
        after = replace(made, source=before.source, slug=before.slug, address=before.address)
        return replace(edited(self.job, before, after), existing=Existing.ASK)

    def _described(self, values: FormValues) -> Job | None:
        """Return what the form asks for, None if that can't be said."""
        video = Input(source=self.job.source, slug=self.job.slug, alone=True, address=self.job.address)
        try:
            return to_job(values, video)
        except ValueError:  # a part that is none
            return None
