"""Gives a script its times: matches its words with the transcript, and lets Whisper's process align them exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.checkpoints import key_of
from pipeline.errors import SpeechError
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import error_of, request
from pipeline.speech.script import ScriptWord, alignment_windows, in_order, place_script, written_transcript
from pipeline.speech.transcript import Transcript
from pipeline.work_log import WorkLog

_Times = list[tuple[float, float, float]] | None
"""Start, end (seconds) and probability of each word of a window; None where they could not be aligned."""

LEAST_HEARD = 0.2
"""A script with fewer recognized words is another video's."""
FARTHEST_S = 0.5
"""How far the exact times of a window may be, at the median, from those at which its words were recognized."""


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
    report: Callable[[float], None] = lambda fraction: None,
    log: Path | None = None,
    key: str = "",
) -> Transcript:
    """Return the script with the times of its words, a segment for each line.

    Args:
        whisper: The process that aligns.
        source: A file that PyAV reads.
        cancel: Ends the child process at once.
        heard: Its transcript, on the video's clock.
        script: What is said, as it is to be written.
        model: The model of that transcript.
        track: The audio track, counted among all streams of the file; None is the first audio track.
        channel: Of the track, counted from 0; None is all of them, mixed together.
        offset_s: How much later than the video the audio starts.
        report: Called with the fraction of the words that are aligned.
        log: The file that keeps what is aligned; what an earlier run has aligned is not aligned again.
        key: Says of which work that file is, beside its words.

    Raises SpeechError, also for a script that says something else; OutputError, Cancelled.
    """
    words = place_script(heard, script)
    known = sum(word.matched for word in words)
    if known < LEAST_HEARD * len(words) or not known:
        raise SpeechError(
            f"The script does not match the speech: {known} of its {len(words)} words were recognized. "
            "Choose the script of this video, or a larger model."
        )
    windows = alignment_windows(words)
    texts = [[f" {w.text}" if w.spaced else w.text for w in words[window.first : window.end]] for window in windows]
    spans = [(max(0.0, window.from_s - offset_s), max(0.0, window.until_s - offset_s)) for window in windows]
    with WorkLog(log, key_of(key, texts, spans)) as kept:
        left = [number for number in range(len(windows)) if str(number) not in kept.done]
        begin_s = spans[left[0]][0] if left else 0.0  # the audio before was aligned by an earlier run
        asked = request("align", model, heard.language, str(source.absolute()), track, channel=channel, from_s=begin_s)
        asked["windows"] = [
            {"from_s": spans[n][0] - begin_s, "until_s": spans[n][1] - begin_s, "words": texts[n]} for n in left
        ]
        for at, times in _aligned(whisper, asked, model, cancel) if left else ():
            kept.add(str(left[at]), times and [(start_s + begin_s, end_s + begin_s, p) for start_s, end_s, p in times])
            report(windows[left[at]].end / len(words))
    for number, window in enumerate(windows):
        if (times := kept.done.get(str(number))) is not None:
            exact = [(start_s + offset_s, end_s + offset_s, p) for start_s, end_s, p in times]
            words[window.first : window.end] = _exact(words[window.first : window.end], exact)
    return written_transcript(in_order(words), heard)


def _aligned(
    whisper: WhisperProcess, asked: Mapping[str, Any], model: str, cancel: CancelToken
) -> Iterator[tuple[int, _Times]]:
    """Yield the number of each window, counted among those that were asked for, and the times of its words."""
    with whisper.answers(asked, cancel) as answers:
        for answer in answers:
            if answer["kind"] == "error":
                raise error_of(answer, model)
            if answer["kind"] == "aligned":
                yield answer["window"], answer["words"]


def _exact(rough: Sequence[ScriptWord], times: Sequence[tuple[float, float, float]]) -> list[ScriptWord]:
    """Return the words of a window with their exact times, or as they are where these can't be right."""
    aligned = [
        replace(word, start_s=start_s, end_s=end_s, probability=probability)
        for word, (start_s, end_s, probability) in zip(rough, times, strict=True)
    ]
    away = [abs(new.start_s - old.start_s) for old, new in zip(rough[1:], aligned[1:], strict=True) if old.matched]
    if away and median(away) > FARTHEST_S:
        return list(rough)
    if rough[0].matched:  # the audio before a window's first word is not part of it
        aligned[0] = replace(aligned[0], start_s=min(max(aligned[0].start_s, rough[0].start_s), aligned[0].end_s))
    return aligned
