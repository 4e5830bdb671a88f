"""Writes the subtitles of a stream: those in the source, its closed captions, the captions that Whisper made, and their
translation.

Owns their names and order.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.caption_files import cues_of
from pipeline.errors import OutputError
from pipeline.events import LogLevel
from pipeline.media.hls import playlists
from pipeline.media.hls.measure import Measured, bit_rates, read_media_playlist, segment_bytes
from pipeline.media.hls.playlists import ClosedCaptions, SubtitleTrack
from pipeline.media.source.closed_captions import Channel, channels_in, read_closed_captions
from pipeline.media.source.language_tags import UNKNOWN_LANGUAGE
from pipeline.media.source.subtitle_tracks import read_cues
from pipeline.media.stream_layout import PLAYLIST, SUBTITLES, TRANSLATION_NAMES
from pipeline.media_info import SubtitleKind, SubtitleStream
from pipeline.model import PhaseName, Plan
from pipeline.phases.phase import PhaseContext
from pipeline.phases.transcribe import load_cues
from pipeline.speech.cues import Cue
from pipeline.speech.languages import language_name
from pipeline.speech.subtitles import vtt_segments


@dataclass(frozen=True, kw_only=True)
class Captions:
    """One subtitle track that the stream is to have; `name` is what a player shows."""

    cues: Sequence[Cue]
    language: str
    name: str
    default: bool = False
    forced: bool = False
    for_the_deaf: bool = False


def read_channels(context: PhaseContext) -> tuple[Channel, ...]:
    """Return the closed captions in the source's picture. Raises SourceError, Cancelled.

    The source is read for them only where some were found, in the frames looked at or when all of it was read through.
    """
    video = context.plan.media.video
    encoded = context.workspace.done.hls
    found = encoded is not None and encoded.closed_captions
    wanted = video is not None and (video.closed_captions is not None or found)
    return read_closed_captions(context.plan.media, context.cancel) if wanted else ()


def kept_channels(
    context: PhaseContext, channels: Sequence[Channel], videos: Sequence[Measured]
) -> list[ClosedCaptions]:
    """Return those channels of the source that the pictures of all renditions still hold:
    not every encoder keeps them.
    """
    language = _spoken_language(context.plan)
    kept = [
        channel for channel in channels if all(_holds(context.workspace.folder / p.name, p, channel) for p in videos)
    ]
    if len(kept) < len(channels):
        readable = all(channel.cues for channel in channels if channel not in kept)
        instead = ": they are subtitles of the stream" if readable else ", and those of CEA-708 can't be made subtitles"
        context.log(f"The encoder leaves the closed captions out of the picture{instead}.", LogLevel.INFO)
    named = {channel.name: _channel_name(number, language) for number, channel in enumerate(channels)}
    return [
        ClosedCaptions(
            channel=channel.name,
            language=(language if channel is channels[0] else None) or UNKNOWN_LANGUAGE,
            name=named[channel.name],
        )
        for channel in kept
    ]


def write_subtitles(context: PhaseContext, leading: Measured, channels: Sequence[Channel] = ()) -> list[SubtitleTrack]:
    """Write every subtitle track in segments like those of `leading`; `channels` are the source's closed captions.

    Raises SourceError, SpeechError, OutputError, Cancelled.
    """
    folder, plan = context.workspace.folder, context.plan
    shutil.rmtree(folder / SUBTITLES, ignore_errors=True)
    tracks = []
    for captions in _all_captions(context, sum(leading.durations_s), channels):
        place = _free_place(folder, captions.language)
        try:
            _write_track(folder / place, captions.cues, leading)
        except OSError as error:
            reason = (
                f"The captions in {folder / place} can't be written ({error.strerror}): "
                "free some space and start again."
            )
            raise OutputError(reason) from error
        peak, average = bit_rates(folder, place)
        tracks.append(
            SubtitleTrack(
                language=captions.language,
                name=captions.name,
                uri=f"{place}/{PLAYLIST}",
                peak_bit_rate=peak,
                average_bit_rate=average,
                default=captions.default,
                forced=captions.forced,
                for_the_deaf=captions.for_the_deaf,
            )
        )
    if plan.media.text_subtitles or channels:
        context.log(
            f"Subtitles of the stream: {', '.join(track.name for track in tracks) or 'none with any text'}.",
            LogLevel.INFO,
        )
    return tracks


def ordered(
    own: Sequence[tuple[SubtitleStream, Sequence[Cue]]],
    heard: tuple[str, Sequence[Cue]],
    given: Sequence[tuple[str, Sequence[Cue]]] = (),
    translated: tuple[str, Sequence[Cue]] = ("", ()),
) -> list[Captions]:
    """Return the tracks of a stream: those given in files, the source's own, then Whisper's, which give way,
    and what it translated, which is never shown at first.

    Shown at first are the first that were given, else the source's default, else Whisper's, which were asked
    for; without any of them none is, unless a viewer chooses it.
    """
    files = [Captions(cues=cues, language=language, name=language_name(language)) for language, cues in given if cues]
    made = files + [
        Captions(
            cues=cues,
            language=stream.language or UNKNOWN_LANGUAGE,
            name=_name(stream),
            forced=stream.forced,
            for_the_deaf=stream.for_the_deaf,
        )
        for stream, cues in own
        if cues
    ]
    for (language, cues), kind in ((heard, "automatic"), (translated, "translated")):
        if cues:
            name = language_name(language)
            taken = any(track.language == language and not track.forced for track in made)
            made.append(Captions(cues=cues, language=language, name=f"{name} ({kind})" if taken else name))
    marked = [True] * len(files)
    marked += [stream.default and not stream.forced for stream, cues in own if cues] + [True] * bool(heard[1])
    first = next((number for number, wanted in enumerate(marked) if wanted), None)
    return [replace(track, default=number == first) for number, track in enumerate(made)]


def _all_captions(context: PhaseContext, length_s: float, channels: Sequence[Channel]) -> list[Captions]:
    plan = context.plan
    written = load_cues(context.workspace.folder) if PhaseName.TRANSCRIPT in plan.phases else ("", [])
    translated: tuple[str, list[Cue]] = ("", [])
    if PhaseName.TRANSLATION in plan.phases:
        translated = load_cues(context.workspace.folder, TRANSLATION_NAMES.json)
    given = [(one.language, cues_of(one, plan.job.trim)) for one in plan.captions]
    heard = written
    if plan.transcript_captions is not None:  # the transcript is the first of them, as an editor may have corrected it
        heard, given = ("", []), [(plan.transcript_captions.language, written[1]), *given[1:]]
    late = sum(cue.start_s >= length_s for _, cues in given for cue in cues)
    if late:
        count = sum(len(cues) for _, cues in given)
        text = f"Left out of the stream, since they begin after the end of the video: {late} of {count} captions."
        context.log(text, LogLevel.WARNING)
    streams = plan.media.text_subtitles
    cues = read_cues(plan.media, streams, context.cancel)
    own = [(stream, list(_within(cues[stream.index], length_s))) for stream in streams]
    language = _spoken_language(plan)
    for number, channel in enumerate(channels):
        stream = SubtitleStream(
            index=-1,
            codec="eia_608",
            form=SubtitleKind.TEXT,
            language=None if number else language,
            title=_channel_name(number, language),
            for_the_deaf=True,
        )
        own.append((stream, list(_within(channel.cues, length_s))))
    files = [(language, list(_within(cues, length_s))) for language, cues in given]
    return ordered(own, heard, files, translated)


def _spoken_language(plan: Plan) -> str | None:
    """Return the language of the default audio: nothing in closed captions tells theirs."""
    return next((audio.language for audio in plan.audio if audio.default), None)


def _channel_name(number: int, language: str | None) -> str:
    if number:
        return f"Closed captions {number + 1}"
    return f"{language_name(language)} (closed captions)" if language else "Closed captions"


def _holds(folder: Path, video: Measured, channel: Channel) -> bool:
    """Whether a rendition holds a channel in the two segments in which it first says anything."""
    ends = list(itertools.accumulate(video.durations_s))
    first = next((number for number, end_s in enumerate(ends) if channel.first_s < end_s), len(ends))
    segments = read_media_playlist(folder / PLAYLIST)[first : first + 2]
    return any(channel.name in channels_in(segment_bytes(folder / PLAYLIST, segment.uri)) for segment in segments)


def _within(cues: Sequence[Cue], length_s: float) -> Iterator[Cue]:
    for cue in cues:
        if cue.start_s < length_s:
            yield replace(cue, end_s=min(cue.end_s, length_s))


def _name(stream: SubtitleStream) -> str:
    if stream.title:
        return stream.title
    name = language_name(stream.language) if stream.language else "Subtitles"
    kinds = [word for word, is_so in (("forced", stream.forced), ("SDH", stream.for_the_deaf)) if is_so]
    return f"{name} ({', '.join(kinds)})" if kinds else name


def _free_place(folder: Path, language: str) -> str:
    places = itertools.chain([f"{SUBTITLES}/{language}"], (f"{SUBTITLES}/{language}-{n}" for n in itertools.count(2)))
    return next(place for place in places if not (folder / place).exists())


def _write_track(place: Path, cues: Sequence[Cue], leading: Measured) -> None:
    place.mkdir(parents=True)
    boundaries = [0.0, *itertools.accumulate(leading.durations_s)]
    names = []
    # cue times count from the source's first moment, at which the first frame is shown
    for number, text in enumerate(vtt_segments(cues, boundaries, leading.first_pts), start=1):
        names.append(f"seg_{number:03d}.vtt")
        (place / names[-1]).write_text(text, encoding="utf-8", newline="\n")
    text = playlists.media_playlist(leading.durations_s, names, version=playlists.TS_VERSION, independent=False)
    (place / PLAYLIST).write_text(text, encoding="utf-8", newline="\n")
