"""The progress rows as data, and how a job's events move them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from pipeline.events import PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.phase_table import PHASES
from pipeline.transfer.upload.upload_texts import COMPLETE, UPDATING, VALIDATING, failed_text
from ui.job_form import QUALITY_NAMES, USUAL_QUALITIES
from ui.messages import RowsChosen
from ui.upload_figures import figures

RARE_QUALITIES = tuple(name for name in QUALITY_NAMES if name not in USUAL_QUALITIES)


class RowStatus(str, Enum):
    """How a row stands."""

    OFF = "off"
    WAITING = "waiting"
    ACTIVE = "active"
    DONE = "done"
    WARNED = "done with a warning"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


OUTCOME_STATUSES = {
    PhaseOutcome.DONE: RowStatus.DONE,
    PhaseOutcome.REUSED: RowStatus.DONE,
    PhaseOutcome.SKIPPED: RowStatus.SKIPPED,
    PhaseOutcome.WARNED: RowStatus.WARNED,
    PhaseOutcome.FAILED: RowStatus.FAILED,
    PhaseOutcome.CANCELLED: RowStatus.CANCELLED,
}


WORDS = {RowStatus.OFF: "off", RowStatus.SKIPPED: "skipped", RowStatus.FAILED: "failed", RowStatus.CANCELLED: "stopped"}
"""What stands at the end of a row where a percentage would say nothing."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One row: its name, how full it is (0 to 1), how it stands, the text beneath, and figures beneath that."""

    label: str
    fraction: float = 0.0
    status: RowStatus = RowStatus.WAITING
    text: str = ""
    figures: str = ""

    @property
    def shown(self) -> bool:
        """Whether the row is there: those of the usual qualities stay while they are off,
        so that little moves when a box is ticked.
        """
        return self.status is not RowStatus.OFF or self.label not in RARE_QUALITIES

    @property
    def figure(self) -> str:
        """What stands at the end of the row: a percentage, 100 only when it is finished, or a word."""
        return WORDS.get(self.status) or f"{int(min(1.0, max(0.0, self.fraction)) * 100)}%"


@dataclass(frozen=True, kw_only=True)
class Bars:
    """All rows, one for every quality."""

    overall: Bar = Bar(label="Overall")
    qualities: tuple[Bar, ...] = tuple(Bar(label=name) for name in QUALITY_NAMES)
    mp4: Bar = Bar(label=PHASES[PhaseName.MP4].title)
    transcript: Bar = Bar(label=PHASES[PhaseName.TRANSCRIPT].title)
    upload: Bar = Bar(label=PHASES[PhaseName.UPLOAD].title)

    @property
    def all(self) -> tuple[Bar, ...]:
        """The rows from top to bottom."""
        return (self.overall, *self.qualities, self.mp4, self.transcript, self.upload)


def unstarted(rows: RowsChosen) -> Bars:
    """Return empty rows; those that the next job will not have are off."""
    fresh = Bars()
    return Bars(
        qualities=tuple(_switched(bar, bar.label in rows.qualities) for bar in fresh.qualities),
        mp4=_switched(fresh.mp4, rows.mp4),
        transcript=_switched(fresh.transcript, rows.transcript),
        upload=_switched(fresh.upload, rows.upload),
    )


def for_plan(plan: Plan) -> Bars:
    """Return the rows of a job that begins. A rendition of the source's own size takes the last row."""
    names = tuple(r.name for r in plan.renditions)
    labels = QUALITY_NAMES if set(names) <= set(QUALITY_NAMES) else (*QUALITY_NAMES[:-1], names[0])
    rows = RowsChosen(
        qualities=names,
        mp4=PhaseName.MP4 in plan.phases,
        transcript=PhaseName.TRANSCRIPT in plan.phases,
        upload=PhaseName.UPLOAD in plan.phases,
    )
    bars = unstarted(rows)
    upload = replace(bars.upload, text=VALIDATING) if rows.upload else bars.upload
    return replace(
        bars,
        overall=replace(bars.overall, status=RowStatus.ACTIVE, text="Checking tools, disk space and connection"),
        qualities=tuple(_switched(Bar(label=label), label in names) for label in labels),
        upload=upload,
    )


def started(bars: Bars, event: PhaseStarted, plan: Plan) -> Bars:
    """Return the rows after a phase began."""
    bars = _overall(bars, event.overall, _step(event.phase, plan, PHASES[event.phase].activity))
    match event.phase:
        case PhaseName.HLS:
            # what was checked before the start is over
            return replace(
                bars, qualities=tuple(_active(bar) for bar in bars.qualities), upload=replace(bars.upload, text="")
            )
        case PhaseName.MP4:
            return replace(bars, mp4=_active(bars.mp4))
        case PhaseName.TRANSCRIPT | PhaseName.TRANSLATION:
            return replace(bars, transcript=_active(bars.transcript))
        case PhaseName.UPLOAD:
            return replace(bars, upload=replace(_active(bars.upload), text=VALIDATING))
        case PhaseName.RECORD:
            return replace(bars, upload=replace(bars.upload, text=UPDATING))
    return bars


def progressed(bars: Bars, event: PhaseProgress, plan: Plan, *, pause_reason: str = "") -> Bars:
    """Return the rows as the event has them: its values are absolute.

    `pause_reason` says why an upload waits, empty when it does not.
    """
    activity = event.text if event.phase is PhaseName.HLS and event.text else PHASES[event.phase].activity
    bars = _overall(bars, event.overall, _step(event.phase, plan, activity))
    match event.phase:
        case PhaseName.HLS:
            return replace(bars, qualities=tuple(_filled(bar, event.rows.get(bar.label)) for bar in bars.qualities))
        case PhaseName.MP4:
            return replace(bars, mp4=replace(bars.mp4, fraction=event.fraction, status=RowStatus.ACTIVE))
        case PhaseName.TRANSCRIPT | PhaseName.TRANSLATION:
            return replace(
                bars,
                transcript=replace(bars.transcript, fraction=event.fraction, status=RowStatus.ACTIVE, text=event.text),
            )
        case PhaseName.UPLOAD:
            text = event.text or f"Uploading {event.transfer.files_done}/{event.transfer.files_total} files"
            upload = replace(
                bars.upload,
                fraction=event.fraction,
                status=RowStatus.ACTIVE,
                text=text,
                figures=figures(event.transfer, pause_reason=pause_reason),
            )
            return replace(bars, upload=upload)
        case PhaseName.RECORD:
            return replace(bars, upload=replace(bars.upload, text=event.text or UPDATING))
    return bars


def checked(bars: Bars, event: PhaseProgress) -> Bars:
    """Return the rows while a phase is looked at before anything starts: the upload says what it does, no bar moves."""
    if event.phase is not PhaseName.UPLOAD:
        return bars
    return replace(bars, upload=replace(bars.upload, text=event.text or VALIDATING))


def finished(bars: Bars, event: PhaseFinished) -> Bars:
    """Return the rows after a phase ended."""
    bars = _overall(bars, event.overall, bars.overall.text)
    match event.phase:
        case PhaseName.HLS:
            return replace(bars, qualities=tuple(_ended(bar, event) for bar in bars.qualities))
        case PhaseName.MP4:
            return replace(bars, mp4=_ended(bars.mp4, event))
        case PhaseName.TRANSCRIPT:
            return replace(bars, transcript=replace(_ended(bars.transcript, event), text=_short(event)))
        case PhaseName.TRANSLATION:
            return replace(bars, transcript=_translated(bars.transcript, event))
        case PhaseName.UPLOAD:
            return replace(bars, upload=replace(_ended(bars.upload, event), text=_upload_text(event), figures=""))
        case PhaseName.RECORD:
            return replace(bars, upload=_recorded(bars.upload, event))
    return bars


def closed(bars: Bars, report: JobReport) -> Bars:
    """Return the rows as they stay when the job is over: what was on its way or still to come shows that it ended."""
    status = {Outcome.DONE: RowStatus.DONE, Outcome.FAILED: RowStatus.FAILED, Outcome.CANCELLED: RowStatus.CANCELLED}[
        report.outcome
    ]
    if status is RowStatus.DONE:
        done_status = RowStatus.WARNED if report.warnings else RowStatus.DONE
        return replace(bars, overall=replace(bars.overall, fraction=1.0, status=done_status, text=""))

    def end(bar: Bar) -> Bar:
        if bar.status is RowStatus.ACTIVE:
            return replace(bar, status=status, figures="")
        return replace(bar, text="") if bar.status is RowStatus.WAITING else bar

    return Bars(
        overall=replace(bars.overall, status=status, text=""),
        qualities=tuple(end(bar) for bar in bars.qualities),
        mp4=end(bars.mp4),
        transcript=end(bars.transcript),
        upload=end(bars.upload),
    )


def _switched(bar: Bar, on: bool) -> Bar:
    return bar if on else replace(bar, status=RowStatus.OFF)


def _active(bar: Bar) -> Bar:
    return bar if bar.status is RowStatus.OFF else replace(bar, status=RowStatus.ACTIVE)


def _filled(bar: Bar, fraction: float | None) -> Bar:
    return (
        bar
        if fraction is None or bar.status is RowStatus.OFF
        else replace(bar, fraction=fraction, status=RowStatus.ACTIVE)
    )


def _ended(bar: Bar, event: PhaseFinished) -> Bar:
    if bar.status is RowStatus.OFF:
        return bar
    status = OUTCOME_STATUSES[event.outcome]
    return replace(bar, status=status, fraction=1.0 if status in (RowStatus.DONE, RowStatus.WARNED) else bar.fraction)


def _overall(bars: Bars, fraction: float, text: str) -> Bars:
    return replace(bars, overall=replace(bars.overall, fraction=fraction, status=RowStatus.ACTIVE, text=text))


def _step(phase: PhaseName, plan: Plan, activity: str) -> str:
    return f"Step {plan.phases.index(phase) + 1} of {len(plan.phases)}: {activity}"


def _short(event: PhaseFinished) -> str:
    """Return what fits beneath a bar; the reason of a failure stands in the banner, where there is room."""
    return "" if event.outcome in (PhaseOutcome.FAILED, PhaseOutcome.CANCELLED) else event.text


def _translated(transcript: Bar, event: PhaseFinished) -> Bar:
    """Return the row of the transcript, which the translation shares; without one it is as it was."""
    if event.outcome is PhaseOutcome.SKIPPED:
        return replace(transcript, status=RowStatus.DONE if transcript.fraction >= 1.0 else RowStatus.SKIPPED)
    return replace(_ended(transcript, event), text=_short(event))


def _upload_text(event: PhaseFinished) -> str:
    if event.outcome is PhaseOutcome.FAILED:
        return failed_text(event.failed_files)  # the reason stands in the banner, where there is room
    return event.text or (COMPLETE if event.outcome in (PhaseOutcome.DONE, PhaseOutcome.REUSED) else "")


def _recorded(upload: Bar, event: PhaseFinished) -> Bar:
    if event.outcome is PhaseOutcome.WARNED:
        return replace(upload, status=RowStatus.WARNED, text="Upload complete, but the file record was not saved.")
    return replace(upload, text=COMPLETE)
