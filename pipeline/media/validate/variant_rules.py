"""Rules about what a master playlist declares and its segments really are: codecs, sizes, rates, colours.

Reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.job import Codec
from pipeline.media.encode.levels import LEAST_LEVEL, level_name, lowest_level
from pipeline.media.validate.containers import Container
from pipeline.media.validate.findings import RuleNotes, Severity
from pipeline.media.validate.measured import AudioFacts, VideoFacts
from pipeline.media.validate.playlist_model import AttributeList
from pipeline.media.validate.segments import Stream
from pipeline.media.validate.video import VideoHeader

TOLERANCE = 0.1
"""Apple 1.26 and 1.27: what was measured is within 10 % of what is declared."""

MAX_FRAME_RATE = 60
"""Apple 1.19."""

RATE_ROUNDING = 0.01
"""A measured rate of 29.97003 is the declared 29.970; 30.000 is another one."""

HIGHEST = {Codec.H264: 52, Codec.HEVC: 153, Codec.AV1: 18}
"""Apple 1.3b, 1.6b and 1.37."""

H264_PROFILES = {66: "Baseline", 77: "Main", 100: "High"}
HEVC_PROFILES = {1: "Main", 2: "Main 10"}
RANGES = {16: "PQ", 18: "HLG"}
"""VIDEO-RANGE by transfer characteristics (ITU-T H.273, table 3); all others are SDR."""

UNKNOWN_COLOUR = 2
"""What all three tables of ITU-T H.273 have for a colour that is not told."""

EIGHT_BIT = ("yuv420p", "yuvj420p")
TEN_BIT = ("yuv420p10le", "yuv420p10be")

AUDIO_NAMES = {
    "ac3": ("ac-3",),
    "eac3": ("ec-3",),
    "mp3": ("mp4a.40.34", "mp4a.69", "mp4a.6b"),
    "opus": ("opus",),
    "flac": ("flac",),
    "alac": ("alac",),
}
AAC_NAMES = {"LC": "mp4a.40.2", "HE-AAC": "mp4a.40.5", "HE-AACv2": "mp4a.40.29"}
TEXT_NAMES = re.compile(r"wvtt|stpp(\..+)?", re.IGNORECASE)


def peak_bit_rate(sizes: Sequence[int], durations_s: Sequence[float], target_s: float) -> float:
    """Return the peak segment bit rate in bits a second (RFC 8216, 4.1): of any run of 0.5 to 1.5 target durations."""
    peak = 0.0
    for start in range(len(sizes)):
        run_bytes, run_s = 0, 0.0
        for number in range(start, len(sizes)):
            run_bytes, run_s = run_bytes + sizes[number], run_s + durations_s[number]
            if run_s > 1.5 * target_s:
                break
            if run_s >= 0.5 * target_s and run_s > 0:
                peak = max(peak, run_bytes * 8 / run_s)
    return peak or average_bit_rate(sizes, durations_s)


def average_bit_rate(sizes: Sequence[int], durations_s: Sequence[float]) -> float:
    """Return the average segment bit rate in bits a second (RFC 8216, 4.1)."""
    total_s = sum(durations_s)
    return sum(sizes) * 8 / total_s if total_s else 0.0


def check_rates(
    attributes: AttributeList, streams: Sequence[Sequence[Stream]], name: str, file: str, notes: RuleNotes
) -> None:
    """Check BANDWIDTH and AVERAGE-BANDWIDTH.

    Each of `streams` holds renditions; one of them is played at a time: the video, the audio tracks of a group, its
    subtitles.
    """
    if not all(all(stream.sizes) for group in streams for stream in group):
        return  # a file is missing: what is left says nothing of the rates
    for attribute, rule, rate in (("AVERAGE-BANDWIDTH", "Apple 1.26", _average), ("BANDWIDTH", "Apple 1.27", _peak)):
        declared = attributes.integer(attribute)
        measured = sum(max((rate(stream) for stream in group), default=0.0) for group in streams)
        if declared and measured and abs(measured - declared) > TOLERANCE * declared:
            text = (
                f"{name} declares {attribute} {declared}, but {measured:.0f} was measured: "
                f"{_beside(measured / declared)}."
            )
            # more than is declared stalls viewers whose line is just fast enough for what is; less costs them a better
            # quality
            stalls = attribute == "BANDWIDTH" and measured > declared
            notes.add(Severity.BREAKS_PLAYBACK if stalls else Severity.NOT_IDEAL, rule, file, text)


def check_video(attributes: AttributeList, video: VideoFacts, name: str, file: str, notes: RuleNotes) -> None:
    """Check what a variant declares of its video: size and rate only help players to choose a quality."""
    size = f"{video.width}x{video.height}"
    declared = attributes.resolution()
    if attributes.get("RESOLUTION") is None:
        notes.not_ideal("Apple 9.2", file, f"{name} has no RESOLUTION.")
    elif declared is not None and declared != (video.width, video.height):
        notes.not_ideal(
            "RFC 8216 4.3.4.2",
            file,
            f"{name} declares RESOLUTION {declared[0]}x{declared[1]}, but the video is {size}.",
        )
    rate, rates = attributes.number("FRAME-RATE"), video.rates
    # of a variable rate any that occurs will do
    slowest, fastest = min(rates.usual, rates.mean, 1 / rates.longest_s), max(rates.fastest, rates.quickest)
    if attributes.get("FRAME-RATE") is None:
        notes.not_ideal("Apple 9.15", file, f"{name} has no FRAME-RATE.")
    elif rate and not slowest - RATE_ROUNDING <= rate <= fastest + RATE_ROUNDING:
        text = f"{name} declares FRAME-RATE {rate:.3f}, but {rates.fastest:.3f} was measured."
        notes.not_ideal("RFC 8216 4.3.4.2", file, text)
    check_range(attributes, video, name, file, notes)


def check_range(attributes: AttributeList, video: VideoFacts, name: str, file: str, notes: RuleNotes) -> None:
    """Check VIDEO-RANGE against the video's transfer characteristics."""
    real, declared = RANGES.get(video.transfer, "SDR"), attributes.get("VIDEO-RANGE")
    if (declared or "SDR") != real:
        said = f"declares VIDEO-RANGE {declared}" if declared else "has no VIDEO-RANGE"
        # screens without HDR leave out what is called HDR, and show wrong colours of what is not called so
        notes.breaks("Apple 9.16", file, f"{name} {said}, but the video is {real}.")
    if video.pixel_format in TEN_BIT and not declared:
        notes.not_ideal("Apple 9.16", file, f"{name} is {video.pixel_format}: more than 8 bits need a VIDEO-RANGE.")
    elif video.pixel_format not in (*EIGHT_BIT, *TEN_BIT):
        # phones and televisions decode 4:2:0 alone
        notes.breaks("Apple 1.3b", file, f"{name} is {video.pixel_format}: it must be 4:2:0 with 8 or 10 bits.")


def check_encoding(stream: Stream, notes: RuleNotes) -> None:
    """Check a stream's own encoding: codec, container, level, pixels, fields, rate, audio."""
    assert stream.contents is not None
    video, audio = stream.contents.video, stream.contents.audio
    if video is not None:
        _check_codec(video, stream, stream.contents.container, notes)
        if not video.square:
            notes.not_ideal(
                "Apple 1.33",
                stream.file,
                "The pixels are not square, so players show another shape than RESOLUTION says.",
            )
        if video.interlaced:
            notes.not_ideal("Apple 1.14", stream.file, "The video is interlaced; it must be deinterlaced.")
        elif video.interlaced is None:
            notes.leave(f"{stream.file}: no frame could be decoded, so whether it is progressive was not checked.")
        if video.rates.fastest > MAX_FRAME_RATE + RATE_ROUNDING:
            text = f"The video has {video.rates.fastest:.3f} frames a second; {MAX_FRAME_RATE} are allowed."
            notes.not_ideal("Apple 1.19", stream.file, text)
    if stream.contents.audio_tracks > 1:
        notes.not_ideal(
            "Apple 2.17", stream.file, f"The segments hold {stream.contents.audio_tracks} audio tracks; one is allowed."
        )
    if video is not None and audio is not None and audio.channels > 2:
        notes.not_ideal(
            "Apple 9.6",
            stream.file,
            f"Audio of {audio.channels} channels is in the video segments; it needs segments of its own.",
        )


def check_codecs(
    attributes: AttributeList, streams: Iterable[Stream], name: str, rule: str, file: str, notes: RuleNotes
) -> None:
    """Check that CODECS names what the streams hold, all of it and nothing else.

    Players leave out a variant whose CODECS they can't play, and wait for an audio track that is named and never comes.
    """
    declared = attributes.get("CODECS")
    read = [stream.contents for stream in streams]
    if not declared or any(contents is None for contents in read):
        return
    left = [part.strip() for part in declared.split(",")]
    for contents in read:
        assert contents is not None
        if contents.video is not None:
            check_video_codec(attributes, contents.video, name, rule, file, notes)
            left = [part for part in left if not _is_video(part, contents.video)]
        if contents.audio is not None:
            names = _audio_names(contents.audio)
            if not any(part.lower() in names for part in declared.replace(" ", "").split(",")):
                notes.breaks(rule, file, f"{name} does not name the audio in CODECS {declared}; it is {names[0]}.")
            left = [part for part in left if part.lower() not in names]
    left = [part for part in left if not TEXT_NAMES.fullmatch(part)]
    if left:
        notes.breaks(rule, file, f"{name} names {', '.join(left)} in CODECS, which its segments do not hold.")


def check_video_codec(
    attributes: AttributeList, video: VideoFacts, name: str, rule: str, file: str, notes: RuleNotes
) -> None:
    """Check that CODECS has the video's true profile and level."""
    declared, expected = attributes.get("CODECS"), video.header
    if not declared or expected is None:
        return
    parts = [part.strip() for part in declared.split(",")]
    if not any(_names_video(part, expected) for part in parts):
        wrong = next((part for part in parts if _is_video(part, video)), None)
        said = f"declares {wrong}" if wrong else f"does not name the video in CODECS {declared}"
        notes.breaks(rule, file, f"{name} {said}, but the video is {expected.name}.")


def check_channels(attributes: AttributeList, stream: Stream, file: str, notes: RuleNotes) -> None:
    """Check CHANNELS of an audio rendition."""
    declared = (attributes.get("CHANNELS") or "").split("/")[0]
    audio = stream.contents.audio if stream.contents is not None else None
    if declared and audio is not None and declared != str(audio.channels):
        text = f"The rendition {attributes.get('NAME')!r} declares {declared} CHANNELS, but has {audio.channels}."
        notes.not_ideal("RFC 8216 4.3.4.1", file, text)


def check_shapes(videos: Sequence[tuple[str, VideoFacts]], file: str, notes: RuleNotes) -> None:
    """Check that all variants have one aspect ratio, as far as whole even numbers of pixels allow."""
    low, high, first = 0.0, float("inf"), ""
    for name, video in videos:
        narrowest = (video.width - 2) / (video.height + 2)
        widest = (video.width + 2) / max(video.height - 2, 1)
        if max(low, narrowest) > min(high, widest):
            notes.not_ideal("Apple 1.33", file, f"{name} is {video.width}x{video.height}, another shape than {first}.")
            return
        low, high, first = max(low, narrowest), min(high, widest), first or f"{name} ({video.width}x{video.height})"


def check_colours(videos: Sequence[tuple[AttributeList, str, VideoFacts]], file: str, notes: RuleNotes) -> None:
    """Check that videos declare their colours, and that those of one VIDEO-RANGE declare the same:
    players change between them.
    """
    firsts: dict[str, tuple[str, VideoFacts]] = {}
    for attributes, name, video in videos:
        told = {"primaries": video.primaries, "transfer": video.transfer, "matrix": video.matrix}
        missing = [what for what, number in told.items() if number == UNKNOWN_COLOUR]
        if missing:
            text = (
                f"The video of {name} does not declare its colours ({', '.join(missing)}): "
                "players guess, each in its own way."
            )
            notes.not_ideal("ITU-T H.273", file, text)
        first_name, first = firsts.setdefault(attributes.get("VIDEO-RANGE") or "SDR", (name, video))
        if _colours(first) != _colours(video):
            notes.breaks(
                "ITU-T H.273",
                file,
                f"{name} has other colours than {first_name}: {_colours(video)}, not {_colours(first)}.",
            )


def _colours(video: VideoFacts) -> str:
    numbers = f"primaries {video.primaries}, transfer {video.transfer}, matrix {video.matrix}"
    return f"{numbers}, {'full' if video.full_range else 'limited'} range"


def _check_codec(video: VideoFacts, stream: Stream, container: Container, notes: RuleNotes) -> None:
    header = video.header
    if header is None:
        notes.breaks("Apple 1.1", stream.file, f"The video is {video.codec_name}; H.264, HEVC and AV1 can be played.")
        return
    if header.codec is not Codec.H264 and container is Container.TS:
        notes.breaks(
            "Apple 1.5",
            stream.file,
            f"{video.codec_name} in a transport stream can't be played: it needs fragmented MP4.",
        )
    if video.tag in ("hev1", "avc3"):
        notes.breaks("Apple 1.10", stream.file, f"The sample entry is {video.tag}; Apple's players want hvc1 or avc1.")
    profiles = (
        H264_PROFILES if header.codec is Codec.H264 else HEVC_PROFILES if header.codec is Codec.HEVC else {0: "Main"}
    )
    if header.profile not in profiles:
        rule = {Codec.H264: "Apple 1.3b", Codec.HEVC: "Apple 1.6b", Codec.AV1: "Apple 1.1"}[header.codec]
        notes.breaks(rule, stream.file, f"Profile {header.profile} is not one of {', '.join(profiles.values())}.")
    _check_level(video, header, stream, notes)


def _check_level(video: VideoFacts, header: VideoHeader, stream: Stream, notes: RuleNotes) -> None:
    if header.level > HIGHEST[header.codec]:
        rule = {Codec.H264: "Apple 1.3b", Codec.HEVC: "Apple 1.6b", Codec.AV1: "Apple 1.37"}[header.codec]
        highest = level_name(header.codec, HIGHEST[header.codec])
        notes.breaks(rule, stream.file, f"Level {level_name(header.codec, header.level)} is higher than {highest}.")
    rates = video.rates
    needed = lowest_level(header.codec, video.width, video.height, rates.fastest)
    enough = lowest_level(header.codec, video.width, video.height, min(rates.usual, rates.mean))
    what = f"{video.width}x{video.height} at {rates.fastest:.3f} frames a second"
    declared = level_name(header.codec, header.level)
    if needed is not None and header.level > max(needed.number, LEAST_LEVEL[header.codec]):
        notes.not_ideal(
            "Apple 1.11", stream.file, f"Level {declared} is higher than needed: {what} is held by {needed.name}."
        )
    if enough is not None and header.level < enough.number:
        # decoders reserve memory for the size that a level allows; a rate above it they decode as fast as they can
        size_alone = lowest_level(header.codec, video.width, video.height, 0)
        too_large = size_alone is not None and header.level < size_alone.number
        severity = Severity.BREAKS_PLAYBACK if too_large else Severity.NOT_IDEAL
        notes.add(
            severity, "Apple 1.11", stream.file, f"Level {declared} does not hold {what}: that needs {enough.name}."
        )


def _is_video(part: str, video: VideoFacts) -> bool:
    """Whether an entry of CODECS is one of the video's codec, whatever its profile."""
    return video.header is not None and part.split(".")[0] in _tags(video.header.codec)


def _names_video(part: str, expected: VideoHeader) -> bool:
    """Whether an entry of CODECS is this video's; H.265's compatibility and constraint flags may be left out."""
    fields = part.split(".")
    if fields[0] not in _tags(expected.codec):
        return False
    mine = expected.name.split(".")
    if expected.codec is Codec.H264:
        return fields[1:] == mine[1:] or [field.lower() for field in fields[1:]] == mine[1:]
    if expected.codec is Codec.HEVC:
        return len(fields) >= 4 and fields[1] == mine[1] and fields[3].upper() == mine[3]
    return fields[1:4] == mine[1:4]


def _tags(codec: Codec) -> tuple[str, ...]:
    return {Codec.H264: ("avc1", "avc3"), Codec.HEVC: ("hvc1", "hev1"), Codec.AV1: ("av01",)}[codec]


def _audio_names(audio: AudioFacts) -> tuple[str, ...]:
    """Return the names that CODECS may give an audio track (RFC 6381), in small letters."""
    if audio.codec_name == "aac":
        return (AAC_NAMES[audio.profile],) if audio.profile in AAC_NAMES else tuple(AAC_NAMES.values())
    return AUDIO_NAMES.get(audio.codec_name, (audio.codec_name,))


def _beside(ratio: float) -> str:
    """Say how much something measured is beside what is declared."""
    if ratio < 1:
        return f"{(1 - ratio) * 100:.0f} % less"
    return f"{(ratio - 1) * 100:.0f} % more" if ratio < 2 else f"{ratio:,.1f} times as much"


def _peak(stream: Stream) -> float:
    return peak_bit_rate(stream.sizes, stream.playlist.durations_s, stream.playlist.target_duration_s or 0)


def _average(stream: Stream) -> float:
    return average_bit_rate(stream.sizes, stream.playlist.durations_s)
