"""What was found in a source that an editor should know, and what will be done about it, in plain words. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from pipeline.media.source.audio_layouts import are_pairs, only_two_known
from pipeline.media.source.colours import source_colours
from pipeline.media.source.frame_rates import frame_rate_limit
from pipeline.media_info import AudioStream, CaptionForm, DynamicRange, MediaInfo, SubtitleKind, VideoStream
from pipeline.speech.languages import language_name

DAMAGED_S = 1.0
"""A source that misses this much counts as damaged; containers round, and the last duration is often unknown."""

SURROUND_CHANNELS = 6
NAMED_PAIRS = 4
HDR_NAMES = {DynamicRange.PQ: "HDR10", DynamicRange.HLG: "HLG"}
WIDE_NAMES = {"bt2020": "BT.2020", "smpte431": "DCI P3", "smpte432": "Display P3"}
CHROMA = {
    "4:2:2": r"yuvj?a?422p|nv(16|20)|[yp]2(10|12|16)|(uyvy|yuyv|yvyu)422",
    "4:4:4": r"yuvj?a?444p|nv(24|42)|p4(10|12|16)|ayuv|vuy|uyva|vyu444|xv[34]|v30x",
    "4:4:0": r"yuvj?440p",
    "4:1:1": r"yuvj?411p|uyyvyy411",
    "RGB": r"[0ax]?(2?rgb|2?bgr)|gbr",
}
"""How colour is sampled, and which of ffmpeg's pixel formats are so (libavutil/pixdesc.c)."""

ALPHA = r"yuva|gbrap|rgba|bgra|argb|abgr|ya\d|ayuv|vuya|uyva"
SUBTITLE_NOTES = {
    SubtitleKind.TEXT: "subtitles ({}), kept",
    SubtitleKind.PICTURES: "subtitles that are pictures ({}), left out",
    SubtitleKind.UNKNOWN: "subtitles of a kind that can't be read ({}), left out",
}
CAPTION_NOTES = {
    CaptionForm.CEA_608: "closed captions in the video, offered as subtitles too",
    CaptionForm.CEA_708: "closed captions in the video (CEA-708): only those of CEA-608 can be offered as subtitles",
}
LAYOUTS = {6: "5.1", 7: "6.1", 8: "7.1"}


def source_notes(
    media: MediaInfo, *, keep_hdr: bool, surround: bool = False, mapped: bool = False, options: bool = True
) -> tuple[str, ...]:
    """Return a phrase for each thing that is not as usual, such as `HDR10, converted to SDR`; none for a plain source.

    The most important comes first. `keep_hdr` and `surround` are what the editor asked for; `mapped` says that
    the editor chose the audio tracks, `options` that the notes may name options of the command line.
    """
    return (
        *_damage(media),
        *_left_out(media, options=options),
        *_video(media, keep_hdr=keep_hdr),
        *_audio(media, surround=surround, mapped=mapped),
        *_subtitles(media),
    )


def missing_s(media: MediaInfo) -> float:
    """Return how much of the declared duration can't be read, in seconds; 0 where one of the two is not known."""
    declared_s = declared_end_s(media)
    if declared_s is None or media.readable_s is None:
        return 0.0
    return max(0.0, declared_s - media.readable_s)


def declared_end_s(media: MediaInfo) -> float | None:
    """Return when video and audio end, as declared; the container's word where one of them has none.

    Subtitles and other tracks that go on for longer don't count. In an AVI only the container declares anything: what
    ffmpeg says of its streams is reckoned from the size of the file.
    """
    used: tuple[VideoStream | AudioStream, ...] = (*([media.video] if media.video is not None else []), *media.audio)
    ends = [s.start_s + s.duration_s for s in used if s.duration_s is not None]
    return max(ends) if ends and len(ends) == len(used) and media.container != "avi" else media.duration_s


def _damage(media: MediaInfo) -> Iterator[str]:
    missing = missing_s(media)
    if missing >= DAMAGED_S:
        yield f"ends {_length(missing)} before the length that it declares"


def _left_out(media: MediaInfo, *, options: bool) -> Iterator[str]:
    """Name what a source has besides what is converted, and by which option to get it."""

    def left(name: str, option: str) -> str:
        return f"{name} left out ({option})" if options else f"{name} left out"

    if media.programmes:
        named = {p.number: p.name or f"number {p.number}" for p in media.programmes}
        others = ", ".join(
            left(name, f"--programme {number}") for number, name in named.items() if number != media.programme
        )
        yield f"{len(named)} programmes: {named.get(media.programme or 0, 'none')} converted; {others}"
    sizes, chosen = media.video_sizes, media.video_index
    if len(sizes) > 1:
        others = ", ".join(left(s, f"--video-track {n}") for n, s in enumerate(sizes, start=1) if n != chosen + 1)
        yield f"{len(sizes)} videos: {sizes[chosen]} converted; {others}"


def _video(media: MediaInfo, *, keep_hdr: bool) -> Iterator[str]:
    video = media.video
    if video is None:
        yield "audio only: an audio stream"
        return
    hdr = video.dynamic_range is not DynamicRange.SDR
    if hdr:
        name = HDR_NAMES[video.dynamic_range]
        name = name if video.dolby_vision is None else f"Dolby Vision profile {video.dolby_vision}, its {name}"
        yield f"{name}, {'kept' if keep_hdr else 'converted to SDR'}"
    elif source_colours(video).wide:
        yield f"{WIDE_NAMES[source_colours(video).primaries]} colours, converted to BT.709"
    if media.other_speed:
        yield "slow or fast motion by the file's edit list, played at the speed it was recorded at"
    if len(video.sizes) > 1:
        yield (
            f"the size changes ({', then '.join(f'{w}×{h}' for w, h in video.sizes)}), "
            f"made {video.width}×{video.height} throughout"
        )
    if video.interlaced:
        yield f"interlaced{' in part' if video.interlaced_in_part else ''}, made progressive"
    limit = frame_rate_limit(video.frame_rate)
    if limit is not None:
        yield f"{_rate(video.frame_rate)} fps, reduced to {_rate(limit)}"
    if video.rotation:
        yield "rotated, made upright"
    if video.sample_aspect_ratio != 1:
        yield "anamorphic, made square pixels"
    if not hdr or keep_hdr:  # what becomes SDR is made 8-bit 4:2:0 on the way, which goes without saying
        yield from _pixels(video, bit_depth=10 if hdr else 8)
    if _has_alpha(video):
        yield "transparent parts, made opaque"


def _pixels(video: VideoStream, *, bit_depth: int) -> Iterator[str]:
    """Say which precision and which colour can't be kept, both in one phrase."""
    found, made = [], []
    if video.bit_depth > bit_depth:
        found.append(f"{video.bit_depth}-bit")
        made.append(f"{bit_depth}-bit")
    chroma = _chroma(video.pixel_format)
    if chroma is not None:
        found.append(f"{chroma} colour")
        made.append("4:2:0")
    if found:
        yield f"{' '.join(found)}, made {' '.join(made)}"


def _chroma(pixel_format: str) -> str | None:
    """Return how colour is sampled where it is finer than 4:2:0 or coarser one way, None where it is 4:2:0 or grey."""
    return next((name for name, pattern in CHROMA.items() if re.match(pattern, pixel_format)), None)


def _has_alpha(video: VideoStream) -> bool:
    # ffmpeg decodes every GIF to a format with alpha
    return video.codec != "gif" and re.match(ALPHA, video.pixel_format) is not None


def _audio(media: MediaInfo, *, surround: bool, mapped: bool) -> Iterator[str]:
    tracks = media.audio
    if media.undecodable_audio:
        count = len(media.undecodable_audio)
        kinds = ", ".join(dict.fromkeys(media.undecodable_audio))
        yield f"{count} audio track{'' if count == 1 else 's'} left out: {kinds} can't be decoded"
    elif not tracks:
        yield "no audio"
    if are_pairs(tracks, media.container) and not mapped:
        yield f"{len(tracks)} mono audio tracks, made {len(tracks) // 2} in stereo ({_pairs(len(tracks))})"
    elif len(tracks) > 1:
        yield f"{len(tracks)} audio tracks: {', '.join(_track_names(tracks))}"
    widest = max(tracks, key=lambda t: t.channels, default=None)
    if widest is not None and widest.channels > 2:
        layout = LAYOUTS.get(widest.channels, f"{widest.channels}-channel")
        if only_two_known(widest):
            made = "the first two made stereo"
        elif surround and widest.channels >= SURROUND_CHANNELS:
            made = "5.1 and stereo made"
        else:
            made = "mixed to stereo"
        yield f"{layout} audio, {made}"


def _subtitles(media: MediaInfo) -> Iterator[str]:
    if media.video is not None and media.video.closed_captions in CAPTION_NOTES:
        yield CAPTION_NOTES[media.video.closed_captions]
    for form, what in SUBTITLE_NOTES.items():
        tracks = [stream for stream in media.subtitles if stream.form is form]
        names = [
            language_name(stream.language) if stream.language else stream.title or "unknown language"
            for stream in tracks
        ]
        if tracks:
            yield what.format(", ".join(names))


def _pairs(count: int) -> str:
    pairs = [f"{number}+{number + 1}" for number in range(1, count, 2)]
    return ", ".join(pairs) if len(pairs) <= NAMED_PAIRS else f"{', '.join(pairs[:NAMED_PAIRS])}, …"


def _track_names(tracks: tuple[AudioStream, ...]) -> Iterator[str]:
    """Name each track by its language, by its title where the language is unknown or not the only one of its kind."""
    languages = Counter(t.language for t in tracks)
    default = next((t for t in tracks if t.default), tracks[0])
    for track in tracks:
        name = language_name(track.language) if track.language else track.title or "unknown language"
        if track.language and track.title and languages[track.language] > 1:
            name = f"{name} ({track.title})"
        yield f"{name} (default)" if track is default else name


def _length(seconds: float) -> str:
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{whole} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _rate(rate: Fraction) -> str:
    return f"{round(float(rate), 2):g}"
