"""`captions`: which caption rules a file breaks, and cues that are shaped anew by them without listening again."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cli.interrupts import PATIENCE_S, on_interrupt
from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.printing import counted, terminal_safe, write_event
from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, EncodeError, SettingsError, SourceError, SubtitleFileError
from pipeline.files import is_there, write_whole
from pipeline.job import CaptionRules
from pipeline.speech.caption_check import BrokenRule, CaptionReport, CaptionRule, check_cues, outside_text
from pipeline.speech.caption_profiles import CaptionProfile, caption_profile
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.cues import Cue
from pipeline.speech.shot_snapping import snapped
from pipeline.speech.subtitles import to_srt, to_vtt
from pipeline.speech.transcript_file import transcript_to_json
from pipeline.stored_captions import StoredCaptions, caption_paths, read_stored_captions

USUAL_RATE = 25.0
"""The frame rate that gaps are made for where none is given."""
FORMS = (".srt", ".vtt", ".json")
"""The endings of what `shape` writes."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked for; the exit status is 1 where `check` finds a broken rule."""
    return _check(options, config) if options.action == "check" else _shape(options, config)


def _check(options: argparse.Namespace, config: Config) -> int:
    """Print a line for each broken rule and a last one with their count."""
    paths = _named(options.files)
    unread: list[str] = []
    totals: Counter[CaptionRule] = Counter()
    cues = outside = files = 0
    seen: set[tuple[Path, tuple[Cue, ...]]] = set()
    for path, alone in paths:
        try:
            captions = read_stored_captions(path, language=options.language, default_language=config.languages.default)
        except SubtitleFileError as error:
            if alone:
                raise SettingsError(str(error)) from error  # naming no captions is wrong usage: exit status 2
            unread.append(str(error))
            continue
        if not alone and (path.parent, captions.cues) in seen:
            continue  # the same in another form
        seen.add((path.parent, captions.cues))
        report = check_cues(
            captions.cues,
            _profile(options, captions),
            language=captions.language,
            frame_rate=options.frame_rate,
        )
        _write_findings(path, report, as_json=options.json)
        files, cues, outside = files + 1, cues + report.cues, outside + report.outside
        totals.update(report.by_rule)
    for text in unread:
        if options.json:
            write_event("unchecked", {"text": text})
        else:
            sys.stdout.write(f"Not checked: {terminal_safe(text)}\n")
    if options.json:
        fields = {"files": files, "cues": cues, "outside": outside, "by_rule": dict(sorted(totals.items()))}
        write_event("captions_checked", {"profile": options.profile, **fields})
    else:
        sys.stdout.write(_count_text(files, cues, outside, totals, options.profile) + "\n")
    return EXIT_FAILED if totals or unread else EXIT_DONE


def _named(files: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Return the files to check, and whether each was named itself. Raises SettingsError."""
    found: list[tuple[Path, bool]] = []
    for path in files:
        try:
            below = [(entry, False) for entry in caption_paths(path)] if path.is_dir() else [(path, True)]
        except OSError as error:
            raise SettingsError(
                f"The folder {path} can't be read ({error.strerror}): check its permissions."
            ) from error
        if not below:
            raise SettingsError(
                f"There are no captions in {path}: name a folder with SRT or WebVTT files, or a single file."
            )
        found += below
    return found


def _profile(options: argparse.Namespace, captions: StoredCaptions) -> CaptionProfile:
    return caption_profile(CaptionRules(options.profile), captions.language)


def _write_findings(path: Path, report: CaptionReport, *, as_json: bool) -> None:
    for found in report.broken:
        if as_json:
            write_event("finding", {"file": str(path), **_fields(found)})
        else:
            where = f"{path} {_clock(found.start_s)} (caption {found.cue})"
            sys.stdout.write(f"{terminal_safe(where)}: {found.rule.value}: {terminal_safe(found.text)}\n")


def _fields(found: BrokenRule) -> dict[str, Any]:
    return {
        "cue": found.cue,
        "start_s": round(found.start_s, 3),
        "end_s": round(found.end_s, 3),
        "rule": found.rule.value,
        "text": found.text,
    }


def _count_text(files: int, cues: int, outside: int, totals: Counter[CaptionRule], profile: str) -> str:
    looked_at = f"{counted(cues, 'caption')} of {counted(files, 'file')}"
    if not totals:
        return f"No rule of {profile} is broken in {looked_at}."
    rules = ", ".join(f"{rule.value} {count}" for rule, count in sorted(totals.items()))
    share = f"{outside / cues:.1%}" if cues else "0 %"
    broken = counted(sum(totals.values()), "broken rule")
    return f"{broken} in {looked_at} ({rules}); {outside} ({share}) are outside the limits of {profile}."


def _shape(options: argparse.Namespace, config: Config) -> int:
    """Shape a file's captions anew; write them where they were asked for, else to standard output."""
    try:
        captions = read_stored_captions(
            options.file, language=options.language, default_language=config.languages.default
        )
    except SubtitleFileError as error:
        raise SettingsError(str(error)) from error
    _check_outputs(options.output, captions, overwrite=options.overwrite)
    profile = _profile(options, captions)
    shots_s, found_rate = ([], None) if options.video is None else _shots(options.video, config)
    rate = options.frame_rate or found_rate or USUAL_RATE
    cues = snapped(shape_cues(captions.transcript, profile, frame_rate=rate), shots_s, profile, rate)
    before = check_cues(captions.cues, profile, frame_rate=options.frame_rate)
    after = check_cues(cues, profile, frame_rate=rate)
    for path in options.output:
        write_whole(path, _text(path.suffix.lower(), captions, cues))
    if formatted := sum(bool(cue.formatted or cue.settings) for cue in captions.cues):
        complain(
            f"{captions.path}: italics, positions and the like of {counted(formatted, 'caption')} are left out, as "
            "captions shape makes plain text."
        )
    if options.json:
        write_event("captions_shaped", _shaped(options, before, after, cues))
    elif options.output:
        names = ", ".join(str(path) for path in options.output)
        sys.stdout.write(
            terminal_safe(
                f"{counted(after.cues, 'caption')} written to {names}. {_outside(after, profile)} "
                f"Before, {before.outside} of {before.cues} were outside."
            )
            + "\n"
        )
    else:
        form = options.file.suffix.lower()
        sys.stdout.write(_text(".vtt" if form == ".vtt" else ".srt", captions, cues))
    return EXIT_DONE


def _shots(video: Path, config: Config) -> tuple[list[float], float | None]:
    """Return when the shots of a video change and its frame rate; nothing of a file without a picture.

    Raises SettingsError where it can't be read, ToolError.
    """
    from pipeline.media.encode.shot_changes import shot_changes_of_source
    from pipeline.media.ffmpeg.process import find_ffmpeg
    from pipeline.media.source.probe import probe

    cancel = CancelToken()
    try:
        media = probe(video)
        rate = None if media.video is None else float(media.video.frame_rate)
        with on_interrupt(cancel.cancel, patience_s=PATIENCE_S):
            return shot_changes_of_source(media, find_ffmpeg(config.ffmpeg_path), cancel), rate
    except (SourceError, EncodeError) as error:
        raise SettingsError(str(error)) from error
    except Cancelled as error:
        raise KeyboardInterrupt from error


def _check_outputs(outputs: Sequence[Path], captions: StoredCaptions, *, overwrite: bool) -> None:
    """See that every file can be written as it was named. Raises SettingsError."""
    for path in outputs:
        if path.suffix.lower() not in FORMS:
            raise SettingsError(f"{path} has no form that is known: end its name with {', '.join(FORMS)}.")
        if path.suffix.lower() == ".json" and not captions.has_words:
            text = f"{captions.path} has no times of words, which {path} would hold: shape a transcript.json, or name "
            raise SettingsError(f"{text}an SRT or WebVTT file.")
        if is_there(path) and not overwrite:
            raise SettingsError(f"{path} is there already: choose another name, or replace it with --overwrite.")


def _text(form: str, captions: StoredCaptions, cues: Sequence[Cue]) -> str:
    if form == ".json":
        return transcript_to_json(captions.transcript, cues)
    return to_vtt(cues) if form == ".vtt" else to_srt(cues)


def _outside(report: CaptionReport, profile: CaptionProfile) -> str:
    return outside_text(report, profile) or f"All keep the limits of {profile.rules.value}."


def _shaped(
    options: argparse.Namespace, before: CaptionReport, after: CaptionReport, cues: Sequence[Cue]
) -> dict[str, Any]:
    """Return the fields of the event; the captions themselves where no file has them."""
    shown = [
        {"start_s": round(cue.start_s, 3), "end_s": round(cue.end_s, 3), "text": cue.text}
        for cue in ([] if options.output else cues)
    ]
    return {
        "file": str(options.file),
        "profile": options.profile,
        "outputs": [str(path) for path in options.output],
        "cues": after.cues,
        "outside": after.outside,
        "by_rule": dict(_sorted(after)),
        "cues_before": before.cues,
        "outside_before": before.outside,
        "captions": shown,
    }


def _sorted(report: CaptionReport) -> Iterator[tuple[str, int]]:
    for rule, count in sorted(report.by_rule.items()):
        yield rule.value, count


def _clock(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}.{milliseconds:03d}"
