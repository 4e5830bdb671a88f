"""`convert`: what its options ask for, as a job for each video, and what is wrong with them whatever the videos are."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from cli.cluster_options import engine_problems
from cli.convert_options import add_convert_options
from cli.encode_options import AUTO
from cli.input_options import selection_from
from cli.job_reports import existing_from
from cli.list_rows import at_lines, listed_videos
from cli.speech_options import speech_request
from config import Config
from pipeline import wiring
from pipeline.caption_files import caption_file
from pipeline.errors import Problem, SettingsError
from pipeline.input_list import RowProblem
from pipeline.inputs import Input, Named, inputs_from
from pipeline.job import (
    AudioRequest,
    CaptionFile,
    Codec,
    DatasetRequest,
    EncoderFamily,
    EncodingRequest,
    Encryption,
    Job,
    MappedAudio,
    RateControl,
    SegmentType,
    TrackChoice,
    TranscriptionRequest,
    Trim,
    UploadRequest,
)
from pipeline.media.encode.ladder import BY_NAME, MP4_QUALITY, USUAL
from pipeline.media.source.trimming import parse_trim, typed_seconds
from pipeline.source_address import SourceAddress
from pipeline.transfer.http.validation import as_prefix

AUDIO_MAP = r"|{0}(?:,{0})*".format(r"\d+(?:\.\d+)?(?:\+\d+(?:\.\d+)?)?")
"""Audio tracks to make, each from a track or a channel of one, or from two of them."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The jobs that a command asks for, each with the options that it was asked for with, and what is wrong with them.

    `destinations` are those above the folders of the videos' own, None where a video has the whole of it.
    """

    jobs: tuple[Job, ...]
    destinations: tuple[str | None, ...]
    problems: tuple[str | Problem, ...]


def asked_from(options: argparse.Namespace, config: Config) -> Asked:
    """Return a job for each video that was named, with everything that is wrong whatever the videos are.

    Raises SettingsError, SourceError where it can't be told which videos are meant.
    """
    if options.list is not None:
        return _listed(options, config)
    if not options.inputs:
        raise SettingsError("Name a video, a folder of videos, or a list with --list FILE.")
    videos = inputs_from(
        options.inputs, root=options.root, output=options.output, selection=selection_from(options), config=config
    )
    return Asked(
        jobs=tuple(job_for(options, video) for video in videos),
        destinations=(options.upload,) * len(videos),
        problems=(*config.problems, *problems_of(options, config, several=len(videos) > 1), *idle_rates([options])),
    )


def _listed(options: argparse.Namespace, config: Config) -> Asked:
    """Return the same of a list; what is wrong with a row names its line."""
    if options.inputs or options.include or options.exclude:
        raise SettingsError("--list names the videos: leave out other inputs, --include and --exclude.")
    add_options = partial(add_convert_options, default_language=options.default_language)
    found = listed_videos(options, add_options, config.data_dir)
    several, wrong = len(found.videos) > 1, list(found.problems)
    everywhere: list[str | Problem] = [*config.problems]
    by_row = [problems_of(video.options, config, several=False) for video in found.videos]
    texts = [[one.text if isinstance(one, Problem) else one for one in problems] for problems in by_row]
    common = [text for text in texts[0] if all(text in row for row in texts)] if several else []
    everywhere += [*common, *_for_one(options, several=several), *idle_rates([video.options for video in found.videos])]
    for video, row in zip(found.videos, texts, strict=True):
        wrong += [RowProblem(line=video.line, text=text) for text in row if text not in common]
    problems = (*everywhere, *at_lines(found.name, sorted(wrong, key=lambda problem: problem.line)))
    if not found.videos or found.problems:
        raise SettingsError(problems)
    sources = [video.source for video in found.videos]
    root = options.root or (found.folder if all(_is_below(source, found.folder) for source in sources) else None)
    videos = inputs_from(sources, root=root or _root_of(sources), output=options.output, config=config)
    jobs = [
        job_for(video.options, replace(place, alone=video.has_destination))
        for video, place in zip(found.videos, videos, strict=True)
    ]
    destinations = [None if video.has_destination else options.upload for video in found.videos]
    return Asked(jobs=tuple(jobs), destinations=tuple(destinations), problems=problems)


def _is_below(source: Named, folder: Path) -> bool:
    return isinstance(source, SourceAddress) or source.parent.resolve().is_relative_to(folder.resolve())


def _root_of(sources: Sequence[Named]) -> Path | None:
    """Return the folder of a list's only video: its name is its place, as in a longer list."""
    (only,) = sources if len(sources) == 1 else (None,)
    return only.parent if isinstance(only, Path) else None


def job_for(options: argparse.Namespace, video: Input) -> Job:
    """Return the job for a video that was asked for with these options."""
    return Job(
        source=video.source,
        output_dir=options.output,
        slug=video.slug,
        qualities=None if options.qualities == AUTO else tuple(_qualities(options)),
        audio_only=options.audio_only,
        tracks=TrackChoice(programme=options.programme, video=options.video_track, audio=_audio_tracks(options) or ()),
        encoding=_encoding(options),
        bit_rates=options.bitrate,
        audio=AudioRequest(
            surround=options.surround, loudness_lufs=options.loudness, audio_map=_audio_map(options) or ()
        ),
        encryption=_encryption(options),
        accept_damaged=options.accept_damaged,
        black_bars=options.black_bars,
        chapters=options.chapters,
        trim=_trim(options),
        poster_s=_poster(options),
        make_mp4=options.mp4,
        transcription=_transcription(options),
        captions=_captions(options, []),
        script=options.align,
        upload=_upload(options, "" if video.alone else video.slug),
        dataset=DatasetRequest(uri=options.dataset, replace_edited=options.replace_edited) if options.dataset else None,
        existing=existing_from(options),
        title=options.title.strip(),
        address=video.address,
    )


def idle_rates(every: Sequence[argparse.Namespace]) -> list[str]:
    """Return what is wrong with bit rates of qualities that none of these options asks for."""
    rates = {rate.name for options in every for rate in options.bitrate if rate.name in BY_NAME}
    if rates and all(options.audio_only for options in every):
        return ["--bitrate sets the rate of video, and --audio-only makes none: leave one of them out."]
    made = {name for options in every for name in _made(options)}
    idle = [name for name in BY_NAME if name in rates - made]
    them = f"{' and '.join(idle)}, which --qualities does not ask for"
    return [f"--bitrate sets the rate of {them}: add it there, or leave out its rate."] if idle else []


def _made(options: argparse.Namespace) -> list[str]:
    """Return the qualities that are asked for, the MP4's too."""
    if options.audio_only:
        return []
    named = [quality.name for quality in USUAL] if options.qualities == AUTO else _qualities(options)
    return [*named, *([MP4_QUALITY.name] if options.mp4 else [])]


def _qualities(options: argparse.Namespace) -> list[str]:
    return [quality.strip() for quality in options.qualities.split(",") if quality.strip()]


def problems_of(options: argparse.Namespace, config: Config, *, several: bool) -> list[str | Problem]:
    """Return everything that is wrong whatever the videos are."""
    problems: list[str | Problem] = []
    wanted = _qualities(options)
    if options.qualities != "auto" and (not wanted or set(wanted) - set(BY_NAME)):
        problems.append(f"--qualities takes auto or a list of {','.join(BY_NAME)}, not {options.qualities!r}.")
    if options.trim is not None:
        try:
            parse_trim(options.trim)
        except ValueError as error:
            problems.append(f"--trim: {error}")
    if options.poster is not None:
        try:
            typed_seconds(options.poster)
        except ValueError as error:
            problems.append(f"--poster: {error}")
    problems += [*engine_problems(options, config), *_for_one(options, several=several)]
    if not options.title.isprintable():
        problems.append("--title takes one line of text.")
    _captions(options, problems)
    if _audio_tracks(options) is None:
        problems.append(f"--audio-track takes numbers such as 2 or 1,3, not {options.audio_track!r}.")
    if _audio_map(options) is None:
        problems.append(
            f"--audio-map takes tracks such as 1+2,3+4, or channels such as 1.3+1.4, not {options.audio_map!r}."
        )
    upload = _upload(options, "")
    if upload is not None:
        problems += wiring.upload_problems(config, upload)
    else:
        given = {"--session-id": options.session_id, "--delete-local": options.delete_local, "--resume": options.resume}
        given["--replace"] = options.replace
        given["--limit-rate"] = options.limit_rate and not any(isinstance(one, SourceAddress) for one in options.inputs)
        problems += _without(given, "--upload PREFIX")
    if options.encrypt is not None and not options.key_uri:
        problems.append("--encrypt needs --key-uri URI: the address at which players ask for the key.")
    if options.encrypt is None:
        problems += _without({"--key-uri": options.key_uri, "--publish-key": options.publish_key}, "--encrypt KEYFILE")
    if not options.dataset:
        problems += _without({"--replace-edited": options.replace_edited}, "--dataset URI")
    elif not (options.transcribe or options.captions or options.align):
        problems.append("--dataset needs --transcribe, --captions or --align: it gets the transcript.")
    if not options.transcribe and options.align is None:
        given = {"--model": options.model, "--language": None if options.captions else options.language}
        given |= {"--captions-profile": options.captions_profile, "--fast": options.fast, "--names": options.names}
        given |= {"--multilingual": options.multilingual, "--caption-track": options.caption_track}
        given["--translate"] = options.translate
        problems += _without(given, "--transcribe")
    return problems


def _for_one(options: argparse.Namespace, *, several: bool) -> list[str]:
    """Return what was said on the command line of several videos though it can be true of one alone."""
    given = {
        "--chapters is for one video: convert each with its own file of chapters.": options.chapters,
        "--align is for one video: convert each with its own script.": options.align,
        "--captions is for one video: convert each with its own captions.": options.captions,
        "--title is for one video: convert each with its own title.": options.title,
    }
    return [text for text, value in given.items() if value and several]


def _captions(options: argparse.Namespace, problems: list[str | Problem]) -> tuple[CaptionFile, ...]:
    """Return the files of captions; what is wrong with one is added to the problems."""
    spoken = None if options.language in (None, "auto") else options.language
    files = []
    for typed in options.captions:
        try:
            files.append(caption_file(typed, spoken=spoken, default=options.default_language))
        except SettingsError as error:
            problems += error.problems
    return tuple(files)


def _audio_tracks(options: argparse.Namespace) -> tuple[int, ...] | None:
    """Return the numbers given, None where they are none."""
    try:
        return tuple(int(number) for number in options.audio_track.split(",")) if options.audio_track else ()
    except ValueError:
        return None


def _audio_map(options: argparse.Namespace) -> tuple[tuple[MappedAudio, ...], ...] | None:
    """Return the audio tracks to make, None if the text names none."""
    text: str = options.audio_map or ""
    if not re.fullmatch(AUDIO_MAP, text):
        return None
    return tuple(tuple(_mapped_audio(part) for part in item.split("+")) for item in text.split(",") if item)


def _mapped_audio(text: str) -> MappedAudio:
    track, _, channel = text.partition(".")
    return MappedAudio(track=int(track), channel=int(channel) if channel else None)


def _without(given: dict[str, object], needed: str) -> list[str]:
    named = [name for name, value in given.items() if value]
    return [f"{' and '.join(named)} {'needs' if len(named) == 1 else 'need'} {needed}."] if named else []


def _transcription(options: argparse.Namespace) -> TranscriptionRequest | None:
    return speech_request(options) if options.transcribe or options.align is not None else None


def _encoding(options: argparse.Namespace) -> EncodingRequest:
    return EncodingRequest(
        codec=Codec(options.codec),
        encoder=EncoderFamily(options.encoder),
        preset=options.preset,
        rate_control=RateControl(options.rate_control),
        target_vmaf=options.target_vmaf,
        fit_ladder=options.fit_ladder,
        segment_type=None if options.segment_type == AUTO else SegmentType(options.segment_type),
        keep_hdr=options.keep_hdr,
        copy_top=options.copy_top == "auto",
    )


def _encryption(options: argparse.Namespace) -> Encryption | None:
    if options.encrypt is None:
        return None
    return Encryption(key_file=options.encrypt, key_uri=options.key_uri, publish_key=options.publish_key)


def _poster(options: argparse.Namespace) -> float | None:
    try:
        return None if options.poster is None else typed_seconds(options.poster)
    except ValueError:
        return None  # `problems_of` says what is wrong


def _trim(options: argparse.Namespace) -> Trim | None:
    try:
        return None if options.trim is None else parse_trim(options.trim)
    except ValueError:  # said with all that is wrong
        return None


def _upload(options: argparse.Namespace, folder: str) -> UploadRequest | None:
    if options.upload is None:
        return None
    prefix = as_prefix(options.upload)
    return UploadRequest(
        prefix=f"{prefix}{folder}/" if folder else prefix,
        language=options.default_language,
        session_id=options.session_id or None,
        delete_local=options.delete_local,
        replace=options.replace,
    )
