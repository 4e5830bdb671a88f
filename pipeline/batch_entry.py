"""A job of a batch under way: what has been made of it, and why it waits."""

from __future__ import annotations

from collections import Counter

from pipeline.batch_callbacks import AnyJob, RunContext, RunJob
from pipeline.events import Event, PhaseProgress, PhaseStarted, Sink
from pipeline.job import Existing
from pipeline.model import JobReport, PhaseName
from pipeline.own_claims import TakenJob
from pipeline.scheduler import Scheduler, Turn

TRANSFERS = (PhaseName.FETCH, PhaseName.UPLOAD)


class BatchEntry:
    """A job under way. `is_made` says that only its upload is left, `has_begun` that the upload has begun, `has_sent`
    that bytes of it went out, `is_fetching` that its source is coming from a server, `why` how it failed, `waiting`
    what of it was last said to wait, `due_s` when it is tried again, `last` how the run went that made the folder, or
    the last one where none has.
    """

    def __init__(self, taken: TakenJob, job: AnyJob, run: RunJob) -> None:
        self.order = taken.order
        self.job = job
        self.run = run
        self.is_made = False
        self.has_begun = False
        self.has_sent = False
        self.is_fetching = False
        self.why = ""
        self.waiting = ""
        self.tries = 0
        self.due_s = 0.0
        self.last: JobReport | None = None
        self._furthest_bytes = Counter[PhaseName]()
        self.take(taken)

    def take(self, taken: TakenJob) -> None:
        """Note that the job is claimed, also when it is claimed again: what another process has sent of it is sent."""
        self.taken = taken
        self.has_sent = self.has_sent or taken.left is Existing.RESUME

    def set_made(self) -> None:
        """Note that only its upload is left, also for whoever has the job next."""
        self.is_made = True
        self.taken.note_made(self.has_sent)

    def begin(self, scheduler: Scheduler, sink: Sink, *, uploads: bool, parks: bool) -> RunContext:
        """Begin its next run, and return what that gets: of earlier ones only what they have made counts."""
        self.is_fetching = False
        if not self.is_made:
            self.last = None
        return RunContext(
            turn=Turn(scheduler=scheduler, order=self.order),
            uploads=uploads,
            sink=sink,
            cancel=self.taken.cancel,
            is_made=self.is_made,
            has_sent=self.has_sent,
            parks=parks,
        )

    def note(self, event: Event) -> bool:
        """Note an event; return whether it is a sign of the server.

        What is fetched in vain again and again is none, nor what only goes out: more must be here, or in the store,
        than ever.
        """
        if isinstance(event, PhaseStarted):
            self.is_fetching = event.phase is PhaseName.FETCH
            if event.phase is PhaseName.UPLOAD:
                self.taken.note_made(self.has_sent)
        if not isinstance(event, PhaseProgress) or event.phase not in TRANSFERS:
            return False
        figures, uploads = event.transfer, event.phase is PhaseName.UPLOAD
        if uploads and figures.bytes_done > 0 and not self.has_sent:
            self.has_sent = True
            self.taken.note_made(True)
        before = self._furthest_bytes[event.phase]
        self._furthest_bytes[event.phase] = max(before, figures.bytes_confirmed if uploads else figures.bytes_done)
        return self._furthest_bytes[event.phase] > before

    def begins_to_wait(self, what: str) -> bool:
        """Note what of it waits; return whether that is another thing than before."""
        before, self.waiting = self.waiting, what
        return what != before

    def waits_for_source(self, report: JobReport) -> bool:
        """Whether a run has ended because the server of its source can't be reached."""
        return self.is_fetching and report.backend_unreachable
