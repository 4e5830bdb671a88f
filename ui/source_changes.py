"""How messages about the source and the chosen rows change what the window shows. Pure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.media_info import MediaInfo
from ui import bar_changes as rows
from ui import queue_view
from ui.banners import READY, Banner, damaged
from ui.bars import Bars
from ui.damage_messages import DamageInTheWay, DamageMessage, DamageSearching
from ui.job_form import made_qualities, offered_qualities
from ui.messages import RowsChosen, SourceChosen, SourceFound, SourceOptions, SourceRefused
from ui.source_text import describe
from ui.source_view import SourceView, treated
from ui.unfinished_offer import offer
from ui.view_state import NO_BARS, ViewState, WindowStage


def advance_source(state: ViewState, message: SourceChosen | SourceFound | SourceRefused | SourceOptions) -> ViewState:
    """Return the state after a source was chosen, found or refused, or is to be treated in another way; a message about
    an earlier one changes nothing. What a job on its way shows, or a question about it, stays.
    """
    if isinstance(message, SourceOptions):
        return _with_source(replace(state, source_options=message), state.source)
    if isinstance(message, SourceChosen):
        if message.text == state.source.path_text:
            return state
        bars = _preview(state.chosen, None)
        source = SourceView(path_text=message.text, details="Reading the video…" if message.text else "")
        if state.stage is not WindowStage.READY:
            return replace(state, source=source)
        queue = queue_view.for_another_video(state.queue)
        row = state.videos.chosen  # whose source is looked at a moment after it was selected, and edited meanwhile
        problems = state.problems if row is not None and row.job.origin == message.text else ()
        return replace(state, source=source, banner=ready_for(source, state), bars=bars, problems=problems, queue=queue)
    if message.text != state.source.path_text:
        return state
    if isinstance(message, SourceRefused):
        return replace(state, source=SourceView(path_text=message.text, problem=message.reason))
    media, row = message.media, state.videos.chosen
    source = SourceView(
        path_text=message.text,
        media=media,
        details=describe(media),
        offered=offered_qualities(media),
        slug=message.slug if row is None or row.job.origin != message.text else row.job.slug,
    )
    source = treated(source, state.source_options)
    banner = ready_for(source, state) if _is_ready(state) else state.banner
    coming = state.form_free or state.plan is None
    bars = _preview(state.chosen, source.media) if coming else state.bars
    return replace(state, source=source, banner=banner, bars=bars)


def ready_for(source: SourceView, state: ViewState) -> Banner:
    """Return the banner before a job with this source is started, which also offers what is unfinished."""
    banner = _ready_for(source, state.chosen)
    if not state.unfinished:
        return banner
    offered = offer(state.unfinished)
    if banner is READY:
        return offered
    return replace(banner, lines=(*banner.lines, offered.title), choices=(*banner.choices, *offered.choices))


def _ready_for(source: SourceView, chosen: RowsChosen | None) -> Banner:
    """Return the banner of a job with this source, of which the form has `chosen` something."""
    if source.media is None:
        return READY
    name = source.media.path.name
    if source.in_the_way:
        return damaged(f"{name} is damaged.", source.damage_found)
    if chosen is not None and chosen.needs_login:
        title = f"{name} can be converted once the upload has an address and a token."
        return Banner(title=title, lines=("Type them under Upload, or untick the upload. Then press Start.",))
    return Banner(title=f"Ready to convert {name}. Press Start.")


def advance_damage(state: ViewState, message: DamageMessage) -> ViewState:
    """Return the state after damage of the source was looked for or found, or has kept Start from beginning."""
    source = state.source
    if isinstance(message, DamageInTheWay):
        name = Path(source.path_text).name if source.media is None else source.media.path.name
        return replace(state, banner=damaged(f"Not started: {name} is damaged.", source.damage_found))
    if message.text != source.path_text:
        return state
    if isinstance(message, DamageSearching):
        return replace(state, source=replace(source, searching=True))
    return _with_source(state, replace(source, searched=message.damage, searching=False))


def _with_source(state: ViewState, source: SourceView) -> ViewState:
    """Return the state with more known of its source; a banner that tells of a job or asks stays."""
    source = treated(source, state.source_options)
    banner = ready_for(source, state) if _is_ready(state) else state.banner
    return replace(state, source=source, banner=banner)


def choose_rows(state: ViewState, message: RowsChosen) -> ViewState:
    """Show which rows the next job will have; the rows of a finished job stay until something is changed, and those of
    one on its way whatever is put into the form.
    """
    if message == state.chosen:
        return state
    was_ready, state = _is_ready(state), replace(state, chosen=message)
    if not state.form_enabled:
        return state
    banner = ready_for(state.source, state) if was_ready else state.banner
    return replace(state, banner=banner, bars=_preview(message, state.source.media))


def _is_ready(state: ViewState) -> bool:
    """Whether the banner says nothing but that a job can be started."""
    return state.banner == ready_for(state.source, state)


def _preview(chosen: RowsChosen | None, media: MediaInfo | None) -> Bars:
    """Return the rows that the next job will have, as far as is known."""
    if chosen is None:
        return NO_BARS
    if chosen.audio_only or (media is not None and media.video is None):
        return rows.unstarted(replace(chosen, qualities=(), mp4=False), audio_only=True)
    return rows.unstarted(replace(chosen, qualities=made_qualities(chosen.qualities, media)))
