"""The exact times of a segment's words, found by Whisper's process in the audio of the segment alone."""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cancel import CancelToken
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import MODEL_NAMES, OnDownload, error_of, progress_of, request
from transcripts.media import Media
from transcripts.segment_edits import SegmentEditError, number_or_zero, words_of_text
from transcripts.video_rows import segment_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROOM_S = 0.4
"""Audio on both sides of the segment, as words begin a little before it or end after it."""
LONGEST_S = 28.0
"""Whisper's window has 30 seconds."""
RATE_HZ = 16_000
"""Of what `read_passage` returns."""
FRAME = RATE_HZ // 50
QUIET = 0.05
"""A part of the loudest frame: less counts as silence before and after what is said."""
EDGE_S = 0.1
ENGLISH_ONLY = ".en"
USUAL_MODEL = "base"


def model_for(row: Mapping[str, Any], chosen: str) -> str:
    """Return the model to use: the chosen one, or the one that transcribed the segment if it has a name, or `base`."""
    heard_by = row.get("generator")
    known = isinstance(heard_by, str) and heard_by.removesuffix(ENGLISH_ONLY) in MODEL_NAMES
    return chosen.strip() or (str(heard_by) if known else USUAL_MODEL)


def exact_words(
    whisper: WhisperProcess,
    media: Media,
    row: Mapping[str, Any],
    model: str,
    cancel: CancelToken,
    on_download: OnDownload,
) -> list[list[object]]:
    """Return the words of a segment as `alignment.word` has them, with times and probabilities from the audio.

    Args:
        whisper: The process that aligns; it keeps the model for the next segment.
        media: The video.
        row: The segment.
        model: A name that Whisper knows, or a folder with a model.
        cancel: Ends the work at once.
        on_download: Called while the model is fetched.

    Raises SegmentEditError, PassageError, StorageError, SpeechError, Cancelled.
    """
    from transcripts.passage import read_passage  # numpy takes a moment

    start_s = number_or_zero(row.get("start"))
    end_s = start_s + number_or_zero(row.get("duration"))
    words = tuple(_words(row))
    if not words:
        raise SegmentEditError("The segment has no words to align.")
    if end_s - start_s > LONGEST_S:
        raise SegmentEditError(f"A segment of more than {LONGEST_S:.0f} seconds can't be aligned: split it first.")
    from_s = max(0.0, start_s - ROOM_S)
    samples = read_passage(media, from_s, end_s + ROOM_S)
    cancel.check()
    language = row.get("language")
    with tempfile.TemporaryDirectory(prefix="hls-converter-") as folder:
        path = Path(folder) / "passage.wav"
        _write(path, samples)
        first_s, last_s = _audible(samples)
        window = {"from_s": first_s, "until_s": last_s, "words": words}
        asked = request("align", model, language if isinstance(language, str) else None, str(path))
        times = _aligned(whisper, {**asked, "windows": [window]}, model, cancel, on_download)
    made: list[list[object]] = []
    at_s = start_s
    for word, (begin_s, stop_s, probability) in zip(words, times, strict=True):
        first_s = min(max(at_s, from_s + begin_s), end_s)
        at_s = min(max(first_s, from_s + stop_s), end_s)
        made.append([word.strip(), round(first_s, 3), round(at_s - first_s, 3), round(probability, 4)])
    return made


def _words(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words of a segment's text, with a space before each that has one."""
    text = str(row.get("text") or "")
    listed = [one.text.strip() for one in words_of_text(segment_words(row), text)] or text.split()
    at = 0
    for word in listed:
        found = text.find(word, at)
        spaced = found <= 0 or text[found - 1].isspace()
        at = max(at, found + len(word))
        yield f" {word}" if spaced else word


def _audible(samples: NDArray[np.float32]) -> tuple[float, float]:
    """Return from when to when anything is heard: Whisper lets the first word begin in silence, and the last end."""
    count = max(1, len(samples) // FRAME)
    loudness = (samples[: count * FRAME].reshape(count, -1) ** 2).mean(axis=1) ** 0.5
    loud = (loudness > QUIET * loudness.max()).nonzero()[0]
    if not len(loud):
        return 0.0, len(samples) / RATE_HZ
    first_s, last_s = (float(frame) * FRAME / RATE_HZ for frame in (loud[0], loud[-1] + 1))
    return max(0.0, first_s - EDGE_S), min(len(samples) / RATE_HZ, last_s + EDGE_S)


def _write(path: Path, samples: NDArray[np.float32]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((samples.clip(-1, 1) * 32_767).astype("<i2").tobytes())


def _aligned(
    whisper: WhisperProcess, asked: Mapping[str, Any], model: str, cancel: CancelToken, on_download: OnDownload
) -> list[tuple[float, float, float]]:
    times: list[tuple[float, float, float]] = []
    with whisper.answers(asked, cancel) as answers:
        for answer in answers:
            if answer["kind"] == "downloading":
                on_download(progress_of(answer))
            elif answer["kind"] == "error":
                raise error_of(answer, model)
            elif answer["kind"] == "aligned":
                times = [(begin_s, stop_s, probability) for begin_s, stop_s, probability in answer["words"]]
    if not times:
        raise SegmentEditError("The words can't be found in the audio: correct the text or the times, and try again.")
    return times
