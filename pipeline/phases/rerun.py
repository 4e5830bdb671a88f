"""Decides what a run has to do of a video that was converted before: as little as its source and settings allow.

Knows the files of the steps before the upload; does nothing itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import EncodeError
from pipeline.events import LogLevel
from pipeline.facts import PackageFacts
from pipeline.media.encode import ladder
from pipeline.media.hls import measure
from pipeline.media.hls.encryption import PUBLISHED_KEY
from pipeline.media.source.chapters import as_facts
from pipeline.media.source.damage import MISSING_S
from pipeline.media.source.scan import Scan
from pipeline.media.stream_layout import (
    CHAPTERS_JSON,
    CHAPTERS_VTT,
    IFRAME_PLAYLIST,
    MASTER,
    PLAYLIST,
    POSTER,
    SPRITE,
    SPRITE_MAP,
)
from pipeline.model import Plan, Rendition
from pipeline.output_settings import CAPTIONS, HLS, PACKAGE, QUALITIES, TRANSCRIPT, TRANSLATION, label
from pipeline.phases.phase import PhaseContext

PACKAGED = (MASTER, POSTER, SPRITE, SPRITE_MAP, PUBLISHED_KEY, CHAPTERS_JSON, CHAPTERS_VTT)
"""What the packaging writes into the folder itself."""


def decide(context: PhaseContext) -> bool:
    """Decide where a run continues, say why, and return whether anything has to be encoded.

    Raises FolderTakenError.
    """
    workspace = context.workspace
    if workspace.media_deleted:
        if workspace.changes or workspace.corrections or context.plan.job.upload is None:
            workspace.require_media()
        return False
    if not workspace.published:
        whole = is_whole(context)
        if whole and not _has_planned_audio(context):
            workspace.use_nothing()
            return True
        return not whole
    lost = _lost(context)
    reason = _why_packaged_again(context, lost)
    anew = _why_made_anew(context, lost, packaged=reason is not None)
    if anew is not None:
        told, level = anew
        context.log(f"{told}: the video is made again.", level)
        workspace.begin_anew()
        return True
    if reason is None:
        return False
    added = _added(context)
    context.log(reason, LogLevel.INFO)
    again = [step for step in (TRANSCRIPT, TRANSLATION) if step in workspace.changes]
    workspace.reopen(again=again, extended=[HLS] if added else [])
    return bool(added)


def is_whole(context: PhaseContext) -> bool:
    """Say whether the renditions and all their segments are there; deleted after an upload counts as there."""
    workspace = context.workspace
    encoded = workspace.done.hls
    if encoded is None:
        return False
    refused = encoded.missing_frames * (encoded.frame_s or 0.0) > MISSING_S and not encoded.accepted
    if refused and context.plan.job.accept_damaged:  # the holes in its video are only filled where they are accepted
        return False
    try:
        for name in (*encoded.renditions, *encoded.audio):
            if not workspace.media_deleted:
                measure.check_segments(workspace.folder, name)
    except EncodeError:
        return False
    return True


def to_encode(context: PhaseContext) -> tuple[Rendition, ...] | None:
    """Return the renditions to encode: all, or those that are missing beside what is there; None if none is."""
    if not is_whole(context):
        return context.plan.renditions
    return _added(context) or None


def beside_what_is_there(context: PhaseContext, planned: Plan, found: Scan) -> Plan:
    """Return a plan for the renditions that are missing; for all where those that are there would now get other rates.

    `planned` is what is to be made of the source, now that it was read through.
    """
    names = {r.name for r in to_encode(context) or ()}
    kept = [r for r in context.plan.renditions if r.name not in names]
    alone = ladder.within_source(kept, found.peak_bit_rate)
    if alone != tuple(r for r in planned.renditions if r.name not in names):
        return planned
    return replace(planned, renditions=tuple(r for r in planned.renditions if r.name in names))


def fits(context: PhaseContext, made: Sequence[Rendition], durations_s: Sequence[float]) -> bool:
    """Whether the segments are as long as those of renditions that are there, so that players can switch."""
    for name in {r.name for r in context.plan.renditions} - {r.name for r in made}:
        there = measure.read_media_playlist(context.workspace.folder / name / PLAYLIST)
        pairs = itertools.zip_longest((segment.duration_s for segment in there), durations_s, fillvalue=0.0)
        if any(abs(a - b) > measure.BOUNDARY_TOLERANCE_S for a, b in pairs):
            return False
    return True


def beside(plan: Plan) -> PackageFacts:
    """Return what identifies the chapters and subtitles of a stream, also if it has none."""
    video = plan.media.video
    return PackageFacts(
        chapters=as_facts(plan.chapters),
        subtitles=tuple(stream.index for stream in plan.media.text_subtitles),
        closed_captions=video is not None and video.closed_captions is not None,
    )


def _lost(context: PhaseContext) -> list[str]:
    """Return what is gone, or not as it was published, of the files that the encode and the packaging make.

    The MP4 and the transcript are looked after by their own phases, and an editor may have corrected the captions.
    """
    return [name for name in context.workspace.lost_files() if "/" in name or name in PACKAGED]


def _beside_has_changed(context: PhaseContext) -> bool:
    """Whether what is made beside video and audio differs from that in the folder; that needs no encode.

    A folder of a version that knew nothing of them stays as it is unless chapters are asked for, which only a later
    version takes.
    """
    stored, wanted = context.workspace.done.package, beside(context.plan)
    assert stored is not None
    there = (stored.chapters, stored.subtitles, stored.closed_captions)
    if there == (None, None, None):
        return context.plan.job.chapters is not None
    return there != (wanted.chapters, wanted.subtitles, wanted.closed_captions)


def _has_planned_audio(context: PhaseContext) -> bool:
    """Whether the audio renditions with segments of their own are those that the plan has:
    an earlier version may have made others.
    """
    plan = context.plan
    encoded = context.workspace.done.hls
    wanted = () if plan.muxed_audio else tuple(a.folder for a in plan.audio)
    return encoded is not None and encoded.audio == wanted


def _is_encoded(context: PhaseContext, name: str) -> bool:
    folder, _, file = name.rpartition("/")
    encoded = context.workspace.done.hls
    return encoded is not None and folder in (*encoded.renditions, *encoded.audio) and file != IFRAME_PLAYLIST


def _is_extended(context: PhaseContext) -> bool:
    """Whether only more qualities are asked for, and it is known what those that are there were made of."""
    encoding, encoded = context.plan.job.encoding, context.workspace.done.hls
    damaged = encoded is not None and (encoded.decode_errors or encoded.missing_frames)
    together = encoding.copy_top or encoding.target_vmaf is not None or damaged
    if encoded is not None and not encoded.renditions:
        return False  # its audio is not in the segments of a video
    return context.workspace.changes.get(HLS) == (QUALITIES,) and not together


def _added(context: PhaseContext) -> tuple[Rendition, ...]:
    """Return the renditions that are asked for beside those that were made."""
    encoded = context.workspace.done.hls
    made = () if encoded is None else encoded.renditions
    return tuple(r for r in context.plan.renditions if r.name not in made) if _is_extended(context) else ()


def _why_made_anew(context: PhaseContext, lost: Sequence[str], *, packaged: bool) -> tuple[str, LogLevel] | None:
    """Return why all of a folder in its place has to be made again and how bad that is, None where it has not."""
    changed = context.workspace.changes.get(HLS)
    if not is_whole(context) or any(_is_encoded(context, name) for name in lost):
        return "Files of the earlier run are missing", LogLevel.WARNING
    if changed is not None and not _is_extended(context):
        return f"Other settings than before ({', '.join(label(name) for name in changed)})", LogLevel.INFO
    if packaged and not _has_planned_audio(context):
        return "An earlier version made other audio tracks of this video", LogLevel.WARNING
    return None


def _why_packaged_again(context: PhaseContext, lost: Sequence[str]) -> str | None:
    """Return a sentence that says why a folder in its place has to be packaged again, None where it has not."""
    changes = context.workspace.changes
    if lost:
        return f"Files of the earlier run are missing, such as {lost[0]}: they are made again."
    added = _added(context)
    if added:
        return f"{' and '.join(r.name for r in added)} {'is' if len(added) == 1 else 'are'} added to what is there."
    if CAPTIONS in changes.get(PACKAGE, ()):
        return "Captions were added or changed: the stream is packaged again."
    if TRANSCRIPT in changes:
        return "The transcript is made anew." if changes[TRANSCRIPT] else "A transcript is added to what is there."
    if TRANSLATION in changes:
        return "The translation is made anew." if changes[TRANSLATION] else "A translation is added to what is there."
    if PACKAGE in changes:
        return "The encryption has changed: the stream is packaged again."
    if _beside_has_changed(context):
        return "Chapters or subtitles have changed: the stream is packaged again."
    return " ".join(one.text for one in context.workspace.corrections.values()) or None
