"""How a job's events move the progress rows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from pipeline.events import PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.phase_table import PHASES
from pipeline.transfer.upload.upload_texts import COMPLETE, VALIDATING, failed_text
from ui.banners import in_window
from ui.bars import Bar, Bars, RowStatus
from ui.job_form import QUALITY_NAMES
from ui.messages import RowsChosen
from ui.upload_figures import figures

OUTCOME_STATUSES = {
    PhaseOutcome.DONE: RowStatus.DONE,
    PhaseOutcome.REUSED: RowStatus.DONE,
    PhaseOutcome.SKIPPED: RowStatus.SKIPPED,
    PhaseOutcome.WARNED: RowStatus.WARNED,
    PhaseOutcome.FAILED: RowStatus.FAILED,
    PhaseOutcome.CANCELLED: RowStatus.CANCELLED,
}


def unstarted(rows: RowsChosen, *, audio_only: bool = False) -> Bars:
    """Return empty rows; those that the next job will not have are off. A source of audio alone has none of a video; a
    rendition of the source's own size takes the last row.
    """
    names = rows.qualities
    labels = QUALITY_NAMES if set(names) <= set(QUALITY_NAMES) else (*QUALITY_NAMES[:-1], names[0])
    fresh = Bars(qualities=tuple(Bar(label=label) for label in labels))
    if audio_only:
        fresh = replace(fresh, qualities=tuple(map(_absent, fresh.qualities)), mp4=_absent(fresh.mp4))
    return Bars(
        qualities=tuple(_switched(bar, bar.label in names) for bar in fresh.qualities),
        mp4=_switched(fresh.mp4, rows.mp4),
        transcript=_switched(fresh.transcript, rows.transcript),
        upload=_switched(fresh.upload, rows.upload),
    )


class WithPhases(Protocol):
    """A plan, or what is known of one."""

    @property
    def phases(self) -> tuple[PhaseName, ...]:
        """The phases of the job in their order."""
        ...


def for_plan(plan: Plan) -> Bars:
    """Return the rows of a job that begins."""
    return for_rows(tuple(rendition.name for rendition in plan.renditions), plan.phases)


def for_rows(names: tuple[str, ...], phases: tuple[PhaseName, ...]) -> Bars:
    """Return the rows of a job with these renditions and phases, which wait; one without renditions is of audio."""
    rows = RowsChosen(
        qualities=names,
        mp4=PhaseName.MP4 in phases,
        transcript=PhaseName.TRANSCRIPT in phases,
        upload=PhaseName.UPLOAD in phases,
    )
    bars = _each(unstarted(rows, audio_only=not names), _waiting)
    upload = replace(bars.upload, text=VALIDATING) if rows.upload else bars.upload
    overall = replace(bars.overall, status=RowStatus.ACTIVE, text="Checking tools, disk space and connection")
    return replace(bars, overall=overall, upload=upload)


def started(bars: Bars, event: PhaseStarted, plan: WithPhases) -> Bars:
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
            return replace(bars, upload=replace(bars.upload, text=PHASES[event.phase].activity))
    return bars


def progressed(bars: Bars, event: PhaseProgress, plan: WithPhases, pause_reason: str = "") -> Bars:
    """Return the rows as the event has them: its values are absolute.

    `pause_reason` says why an upload waits, empty when it does not.
    """
    tells = event.phase in (PhaseName.FETCH, PhaseName.HLS)  # they have no row with a text of its own
    activity = event.text if tells and event.text else PHASES[event.phase].activity
    bars = _overall(bars, event.overall, _step(event.phase, plan, activity), kept=event.kept)
    match event.phase:
        case PhaseName.HLS:
            return replace(bars, qualities=tuple(_encoded(bar, event.rows) for bar in bars.qualities))
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
            return replace(bars, upload=replace(bars.upload, text=event.text or PHASES[event.phase].activity))
    return bars


def checked(bars: Bars, event: PhaseProgress) -> Bars:
    """Return the rows while a phase is looked at before anything starts: the upload says what it does, no bar moves."""
    if event.phase is not PhaseName.UPLOAD:
        return bars
    return replace(bars, upload=replace(bars.upload, text=event.text or VALIDATING))


def finished(bars: Bars, event: PhaseFinished) -> Bars:
    """Return the rows after a phase ended."""
    ended_well = event.outcome not in (PhaseOutcome.FAILED, PhaseOutcome.CANCELLED)
    bars = _overall(bars, event.overall, bars.overall.text, kept=event.overall if ended_well else None)
    match event.phase:
        case PhaseName.HLS:
            made = tuple(bar if bar.status is RowStatus.SKIPPED else _ended(bar, event) for bar in bars.qualities)
            return replace(bars, qualities=made)
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
        return replace(bars, overall=replace(bars.overall, fraction=1.0, status=done_status, text="", figures=""))

    def end(bar: Bar) -> Bar:
        if bar.status is RowStatus.ACTIVE:
            return replace(bar, status=status, figures="")
        return replace(bar, status=RowStatus.PLANNED, text="") if bar.status is RowStatus.WAITING else bar

    return replace(_each(bars, end), overall=replace(bars.overall, status=status, text="", figures=""))


def ended_before(bars: Bars) -> Bars:
    """Return the rows of a job that was done in an earlier session, of whose steps nothing is known: all are full."""

    def fill(bar: Bar) -> Bar:
        return replace(bar, fraction=1.0, status=RowStatus.DONE, text="", figures="") if bar.made else bar

    return replace(_each(bars, fill), overall=fill(bars.overall))


def _each(bars: Bars, change: Callable[[Bar], Bar]) -> Bars:
    """Return the rows with a change in each but the overall one."""
    return Bars(
        overall=bars.overall,
        qualities=tuple(change(bar) for bar in bars.qualities),
        mp4=change(bars.mp4),
        transcript=change(bars.transcript),
        upload=change(bars.upload),
    )


def _absent(bar: Bar) -> Bar:
    return replace(bar, status=RowStatus.ABSENT)


def _switched(bar: Bar, on: bool) -> Bar:
    return bar if on or not bar.made else replace(bar, status=RowStatus.OFF)


def _waiting(bar: Bar) -> Bar:
    return replace(bar, status=RowStatus.WAITING) if bar.made else bar


def _active(bar: Bar) -> Bar:
    return replace(bar, status=RowStatus.ACTIVE) if bar.made else bar


def _encoded(bar: Bar, rows: Mapping[str, float]) -> Bar:
    """Return a rendition's row; one that is not among those that are told is left out, as soon as any are told."""
    if not rows or not bar.made:
        return bar
    fraction = rows.get(bar.label)
    if fraction is None:
        return replace(bar, fraction=0.0, status=RowStatus.SKIPPED)
    return replace(bar, fraction=fraction, status=RowStatus.ACTIVE)


def _ended(bar: Bar, event: PhaseFinished) -> Bar:
    if not bar.made:
        return bar
    status = OUTCOME_STATUSES[event.outcome]
    return replace(bar, status=status, fraction=1.0 if status in (RowStatus.DONE, RowStatus.WARNED) else bar.fraction)


def _overall(bars: Bars, fraction: float, text: str, *, kept: float | None = None) -> Bars:
    kept = bars.overall.kept if kept is None else kept
    return replace(
        bars, overall=replace(bars.overall, fraction=fraction, status=RowStatus.ACTIVE, text=text, kept=kept)
    )


def _step(phase: PhaseName, plan: WithPhases, activity: str) -> str:
    if phase not in plan.phases:
        return activity
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
    return in_window(event.text) or (COMPLETE if event.outcome in (PhaseOutcome.DONE, PhaseOutcome.REUSED) else "")


def _recorded(upload: Bar, event: PhaseFinished) -> Bar:
    if event.outcome is PhaseOutcome.WARNED:
        return replace(upload, status=RowStatus.WARNED, text="Upload complete, but the file record was not saved.")
    return replace(upload, text=COMPLETE)
