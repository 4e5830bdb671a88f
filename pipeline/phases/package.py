"""Completes a job's folder: measures the encode, writes what players need and moves it into place.

Every step can be done again over what an earlier run left, whole or in part.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from pipeline.errors import EncodeError
from pipeline.events import LogLevel
from pipeline.facts import PackageFacts
from pipeline.files import write_whole
from pipeline.job_folders import CHECKED_LOG
from pipeline.media.encode.colour_conversion import NAMES
from pipeline.media.hls import encryption, playlists
from pipeline.media.hls.iframes import find_iframes
from pipeline.media.hls.measure import BOUNDARY_TOLERANCE_S, Measured, bit_rates, measure
from pipeline.media.hls.playlists import AudioTrack, IFrameStream
from pipeline.media.hls.thumbnails import write_thumbnails
from pipeline.media.source import chapters
from pipeline.media.source.trimming import poster_in_part
from pipeline.media.stream_layout import (
    CHAPTERS_JSON,
    CHAPTERS_VTT,
    IFRAME_PLAYLIST,
    MASTER,
    POSTER,
    SPRITE,
    SPRITE_MAP,
)
from pipeline.media.validate import validate
from pipeline.model import PhaseName, Plan
from pipeline.phases.captions import kept_channels, read_channels, write_subtitles
from pipeline.phases.phase import PhaseContext
from pipeline.phases.rerun import beside


def package(context: PhaseContext) -> None:
    """Write what players need and publish the folder. Raises EncodeError, OutputError, SettingsError, Cancelled."""
    facts = _write_stream(context)
    not_ideal = _check_stream(context)
    context.workspace.publish(dataclasses.replace(facts, not_ideal=not_ideal))


def _check_stream(context: PhaseContext) -> tuple[str, ...]:
    """See that the stream can be played before anybody gets it; return what of it plays but is not ideal.

    Raises EncodeError naming the first rule that breaks playback.
    """
    encrypted = context.plan.job.encryption
    key = None if encrypted is None else encryption.read_key(encrypted)
    folder = context.workspace.folder
    validation = validate(folder, key=key, cancel=context.cancel, log=folder / CHECKED_LOG)
    breaking = validation.breaking
    for finding in breaking:
        context.log(f"{finding.file}: {finding.text} ({finding.rule})", LogLevel.ERROR)
    not_ideal = tuple(f"{finding.file}: {finding.text} ({finding.rule})" for finding in validation.not_ideal)
    for text in not_ideal:
        context.log(f"Not ideal, but it plays: {text}", LogLevel.WARNING)
    if breaking:
        context.workspace.refuse()
        first = f"{breaking[0].file}: {breaking[0].text}"
        count = "1 problem" if len(breaking) == 1 else f"{len(breaking)} problems, the first"
        raise EncodeError(
            f"The stream made from {context.plan.media.path.name} does not pass its check"
            f" ({count}: {first.rstrip('.')}) and was not published: start fresh (--fresh) to make it again."
        )
    return not_ideal


def _write_stream(context: PhaseContext) -> PackageFacts:
    """Write thumbnails, captions and playlists, encrypt if asked; return what is to be remembered of it."""
    context.cancel.check()
    folder, plan = context.workspace.folder, context.plan
    key = None if plan.job.encryption is None else encryption.read_key(plan.job.encryption)
    (folder / encryption.PUBLISHED_KEY).unlink(missing_ok=True)
    own_audio = () if plan.muxed_audio else plan.audio
    names = [*(r.name for r in plan.renditions), *(a.folder for a in own_audio)]
    try:
        if key is not None:
            for name in names:
                encryption.restore_rendition(folder, name, key, context.cancel)
        # the first segment alone may have another frame rate than the rest
        encoded = context.workspace.done.hls
        frame_rate = None if encoded is None else encoded.frame_rate
        measured = {name: measure(folder, name, frame_rate=frame_rate) for name in names}
        videos = [measured[r.name] for r in plan.renditions]
        _check_aligned(videos)
        _check_colours(plan, videos)
        if videos:
            poster_s = poster_in_part(plan.job.poster_s, plan.job.trim, plan.media)
            write_thumbnails(folder, videos, context.cancel, poster_s=poster_s)
            _keep_edited(context)
        iframes = [] if key is not None else _write_iframes(context, videos)
    except EncodeError:
        context.workspace.forget(PhaseName.HLS.value, PhaseName.MP4.value)  # so that starting again makes them again
        raise
    leading = _leading(plan, measured)
    channels = read_channels(context)
    closed_captions = kept_channels(context, channels, videos)
    subtitles = write_subtitles(context, leading, channels)
    if key is not None:
        measured = _encrypt(context, measured, key)
    made_of = list(dict.fromkeys((a.source_index, a.parts) for a in own_audio))
    tracks = [
        AudioTrack(
            group=a.group,
            content=made_of.index((a.source_index, a.parts)),
            name=a.name,
            language=a.language,
            channels=a.channels,
            default=a.default,
            measured=measured[a.folder],
        )
        for a in own_audio
    ]
    videos = [measured[r.name] for r in plan.renditions]
    chapters_uri = _write_chapters(context, sum(leading.durations_s))
    text = playlists.master_playlist(
        videos, tracks, subtitles=subtitles, closed_captions=closed_captions, iframes=iframes, chapters=chapters_uri
    )
    write_whole(folder / MASTER, text)
    return dataclasses.replace(
        beside(plan),
        renditions=tuple(m.name for m in videos),
        captions=next((track.language for track in subtitles if track.default), None),
    )


def _keep_edited(context: PhaseContext) -> None:
    """Put the poster and thumbnails that an editor has chosen in the place of our own."""
    workspace = context.workspace
    for name in (POSTER, SPRITE, SPRITE_MAP):
        if name in workspace.edited:
            write_whole(workspace.folder / name, (workspace.final / name).read_bytes())


def _check_aligned(videos: Sequence[Measured]) -> None:
    """Players switch between renditions at segment boundaries, so these must be the same everywhere."""
    for first, other in itertools.pairwise(videos):
        same = len(first.durations_s) == len(other.durations_s) and all(
            abs(a - b) < BOUNDARY_TOLERANCE_S for a, b in zip(first.durations_s, other.durations_s, strict=True)
        )
        if not same:
            raise EncodeError(
                f"The segments of {first.name} and {other.name} do not begin at the same times: encode the video again."
            )


def _check_colours(plan: Plan, videos: Sequence[Measured]) -> None:
    """See that every video names its colours: without names players show HDR as SDR, and SDR as anything."""
    for one in videos:
        assert one.video is not None
        if one.video.colour != NAMES[plan.dynamic_range]:
            raise EncodeError(
                f"The video of {one.name} does not declare the colours that it was made in "
                f"({plan.dynamic_range.value}): "
                "start again, and choose the processor as the encoder if that does not help."
            )


def _write_iframes(context: PhaseContext, videos: Sequence[Measured]) -> list[IFrameStream]:
    version = playlists.version_of(context.plan.segment_type)
    streams = []
    for rendition in videos:
        context.cancel.check()
        iframes = find_iframes(context.workspace.folder, rendition.name)
        uri = f"{rendition.name}/{IFRAME_PLAYLIST}"
        write_whole(context.workspace.folder / uri, playlists.iframe_playlist(iframes, version=version))
        assert rendition.video is not None
        streams.append(
            IFrameStream(
                uri=uri,
                video=rendition.video,
                peak_bit_rate=iframes.peak_bit_rate,
                average_bit_rate=iframes.average_bit_rate,
            )
        )
    return streams


def _leading(plan: Plan, measured: dict[str, Measured]) -> Measured:
    """Return the rendition whose clock and length apply to everything beside it."""
    return measured[plan.renditions[0].name if plan.renditions else next(a.folder for a in plan.audio if a.default)]


def _write_chapters(context: PhaseContext, length_s: float) -> str | None:
    """Write the chapters in both forms; return the address for the master playlist, None where there are none."""
    folder, plan = context.workspace.folder, context.plan
    for name in (CHAPTERS_JSON, CHAPTERS_VTT):
        (folder / name).unlink(missing_ok=True)
    made = chapters.within(plan.chapters, length_s)
    late = sum(chapter.start_s >= length_s for chapter in plan.chapters)
    if late:
        context.log(
            f"{late} of {len(plan.chapters)} chapters begin after the end of the video and are left out.",
            LogLevel.WARNING,
        )
    if not made:
        return None
    language = next((a.language for a in plan.audio if a.default), None)
    write_whole(folder / CHAPTERS_JSON, chapters.chapters_json(made, length_s, language))
    write_whole(folder / CHAPTERS_VTT, chapters.chapters_vtt(made, length_s))
    return CHAPTERS_JSON


def _encrypt(context: PhaseContext, measured: dict[str, Measured], key: bytes) -> dict[str, Measured]:
    """Encrypt all segments; return what was measured with the new rates, as padding makes segments longer."""
    wanted, folder = context.plan.job.encryption, context.workspace.folder
    assert wanted is not None
    encrypted = {}
    for name, before in measured.items():
        encryption.encrypt_rendition(folder, name, key, encryption.address_from(name, wanted.key_uri), context.cancel)
        peak, average = bit_rates(folder, name)
        encrypted[name] = dataclasses.replace(before, peak_bit_rate=peak, average_bit_rate=average)
    if wanted.publish_key:
        encryption.publish_key(folder, key)
    return encrypted
