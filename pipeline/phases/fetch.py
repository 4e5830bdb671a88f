"""Phase 0: fetches a source that lies elsewhere, unless nothing is to be made of it."""

from __future__ import annotations

from config import Config
from pipeline.events import LogLevel, TransferFigures
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress
from pipeline.sources.fetching import FetchListener, fetch_source
from pipeline.sources.sizes import size_text
from pipeline.transfer.http.control import TransferControl


class FetchPhase:
    """Brings what is missing of the source to this machine."""

    name = PhaseName.FETCH

    def __init__(self, config: Config, *, control: TransferControl | None = None) -> None:
        self._config = config
        self._control = control or TransferControl()

    def check(self, context: PhaseContext) -> None:
        """Nothing beyond what was looked at before."""

    def run(self, context: PhaseContext) -> PhaseResult:
        """Fetch, or find it fetched. Raises SourceError, Cancelled."""
        if context.workspace.published:  # after all phases have looked: nothing is made again
            return PhaseResult(
                outcome=PhaseOutcome.REUSED, text="Not needed: everything that is made from it exists already"
            )

        def tell(figures: TransferFigures) -> None:
            context.report(Progress(fraction=figures.fraction, text=_text(figures), transfer=figures))

        context.report(Progress(fraction=0.0, text="Fetching"))
        listener = FetchListener(
            progress=tell, announce=context.log, note=lambda text: context.log(text, LogLevel.DETAIL)
        )
        came = fetch_source(context.plan.job, self._config, context.cancel, self._control, listener)
        if not came:
            return PhaseResult(outcome=PhaseOutcome.REUSED, text="Already here")
        return PhaseResult(text=f"Fetched {size_text(came)}")


def _text(figures: TransferFigures) -> str:
    """Return what is shown beside the bar."""
    of = f" of {size_text(figures.bytes_total)}" if figures.bytes_total else ""
    rate = f" ({size_text(figures.bytes_per_s)}/s)" if figures.bytes_per_s else ""
    return f"Fetching {size_text(figures.bytes_done)}{of}{rate}"
