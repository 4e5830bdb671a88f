"""What the form asks for, as far as the window shows it before Start. Pure."""

from __future__ import annotations

from config import Config
from ui.advanced import AdvancedValues
from ui.job_form import FormValues, job_config
from ui.messages import RowsChosen, SourceOptions


def rows_chosen(values: FormValues, config: Config) -> RowsChosen:
    """Return which progress rows the next job will have."""
    return RowsChosen(
        qualities=values.qualities,
        mp4=values.make_mp4,
        transcript=values.transcribe or bool(values.captions),
        upload=values.upload,
        audio_only=values.audio_only,
        needs_login=values.upload and not job_config(values, config).backend.configured,
    )


def source_options(chosen: AdvancedValues) -> SourceOptions:
    """Return how an unusual source is treated."""
    return SourceOptions(keep_hdr=chosen.hdr_kept, surround=chosen.surround, accept_damaged=chosen.accept_damaged)
