"""Gives a script its times: hears what is said, matches the words, and has Whisper's process align them exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from pipeline.cancel import CancelToken
from pipeline.errors import SpeechError
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import error_of, request
from pipeline.speech.script import ScriptWord, alignment_windows, in_order, place_script, written_transcript
from pipeline.speech.transcript import Transcript

LEAST_HEARD = 0.2
"""A script of which less was heard is another video's."""
FARTHEST_S = 0.5
"""How far the exact times of a window may be, at the median, from those at which its words were heard."""


def align_script(
    whisper: WhisperProcess,
    source: Path,
    cancel: CancelToken,
    heard: Transcript,
    script: str,
    *,
    model: str,
    track: int | None = None,
    channel: int | None = None,
    offset_s: float = 0.0,
    report: Callable[[float], None] | None = None,
) -> Transcript:
    """Return the script with the times of its words, a segment for each line.

    Args:
        whisper: The process that aligns.
        source: A file that PyAV reads.
        cancel: Ends the child process at once.
        heard: What was heard in it, on the video's clock.
        script: What is said, as it is to be written.
        model: By which it was heard.
        track: The audio track, counted among all streams of the file; None is the first audio track.
        channel: Of the track, counted from 0; None is all of them, mixed together.
        offset_s: How much later than the video the audio starts.
        report: Called with the fraction of the words that are aligned.

    Raises SpeechError, also for a script that says something else; Cancelled.
    """
    words = place_script(heard, script)
    known = sum(word.heard for word in words)
    if known < LEAST_HEARD * len(words) or not known:
        raise SpeechError(
            f"The script does not say what is said: {known} of its {len(words)} words were heard. "
            "Choose the script of this video, or a larger model."
        )
    windows = alignment_windows(words)
    asked = request("align", model, heard.language, str(source.absolute()), track, channel=channel) | {
        "windows": [
            {
                "from_s": max(0.0, window.from_s - offset_s),
                "until_s": max(0.0, window.until_s - offset_s),
                "words": [f" {w.text}" if w.spaced else w.text for w in words[window.first : window.end]],
            }
            for window in windows
        ]
    }
    with whisper.answers(asked, cancel) as answers:
        for answer in answers:
            if answer["kind"] == "error":
                raise error_of(answer, model)
            if answer["kind"] == "aligned":
                window = windows[answer["window"]]
                rough = words[window.first : window.end]
                exact = [(start_s + offset_s, end_s + offset_s, p) for start_s, end_s, p in answer["words"]]
                words[window.first : window.end] = _exact(rough, exact)
                if report is not None:
                    report(window.end / len(words))
    return written_transcript(in_order(words), heard)


def _exact(rough: Sequence[ScriptWord], times: Sequence[tuple[float, float, float]]) -> list[ScriptWord]:
    """Return the words of a window with their exact times, or as they are where these can't be right."""
    aligned = [
        replace(word, start_s=start_s, end_s=end_s, probability=probability)
        for word, (start_s, end_s, probability) in zip(rough, times, strict=True)
    ]
    away = [abs(new.start_s - old.start_s) for old, new in zip(rough[1:], aligned[1:], strict=True) if old.heard]
    if away and median(away) > FARTHEST_S:
        return list(rough)
    if rough[0].heard:  # the audio before a window's first word is not part of it
        aligned[0] = replace(aligned[0], start_s=min(max(aligned[0].start_s, rough[0].start_s), aligned[0].end_s))
    return aligned
