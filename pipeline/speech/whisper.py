"""Whisper itself: finds a model, loads it, listens. Runs in the child process only; importing it takes half a second.

Each stretch of speech between two pauses is heard in a window of its own. Packed together without their pauses, as
faster-whisper's own filter does, words come out at the time of the stretch before and small models lose some.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ctranslate2  # type: ignore[import-untyped]
import numpy as np
from faster_whisper import WhisperModel, available_models, download_model
from faster_whisper.tokenizer import _LANGUAGE_CODES as LANGUAGE_CODES  # the package has no public name for them
from faster_whisper.vad import VadOptions, get_speech_timestamps
from huggingface_hub import constants as hub
from huggingface_hub import get_session

from pipeline.errors import SpeechError
from pipeline.speech.audio import RATE_HZ, SourceAudio
from pipeline.speech.model_folder import missing_file
from pipeline.speech.transcript import Segment, WhisperSettings, Word

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment as HeardSegment
    from numpy.typing import NDArray

BLOCK_S = 300
"""How much sound is held at once: the features of ten hours would need 6 GB."""
PAUSE_MS = 1500
"""A pause this long ends a window. Every window costs a pass of the encoder, so breaths do not."""
PADDING_S = 0.4
"""Sound left on both sides of speech: the detector cuts soft beginnings and ends."""
TOLERANCE_S = 0.1
"""How exact the speech detector's edges are."""
SURE = 0.5
"""A word outside of detected speech is believed from this probability on; what a silence is heard as has less."""
BEAM_SIZE = 5
"""OpenAI's and faster-whisper's own."""
MOST_THREADS = 8
"""More threads than this make the decoder slower, not faster."""


def find_model(name: str, on_download: Callable[[], None]) -> Path:
    """Return the folder of a model that is known by name; fetch it first where it isn't on this computer.

    Raises SpeechError for an unknown name, and whatever the hub's client raises when it can't be fetched.
    """
    if name not in known_names():
        raise SpeechError(
            f"There is no Whisper model '{name}': choose one of {', '.join(known_names())}, "
            "or a folder that holds a model."
        )
    folder = find_on_disk(name)
    if folder is None:
        on_download()
        # The hub's client asks its first question without a time limit; a network that swallows it would hang the job.
        get_session().head(hub.ENDPOINT, timeout=hub.HF_HUB_ETAG_TIMEOUT)
        folder = Path(download_model(name))
        # Without a network the hub's client hands out the part that an interrupted download left.
        if missing_file(folder):
            raise OSError("only a part of it is here")
    return folder


def known_names() -> list[str]:
    """Return the names by which models can be fetched."""
    return list(available_models())


def find_on_disk(name: str) -> Path | None:
    """Return the folder of a model fetched before, None if there is none or its download was interrupted."""
    try:
        folder = Path(download_model(name, local_files_only=True))
    except OSError:
        return None
    return None if missing_file(folder) else folder


def check_language(language: str | None) -> None:
    """Refuse a code that no Whisper model has. Raises SpeechError."""
    if language is not None and language not in LANGUAGE_CODES:
        codes = ", ".join(sorted(LANGUAGE_CODES))
        raise SpeechError(f"Whisper doesn't know the language code '{language}': use 'auto' or one of {codes}.")


def load(folder: Path, label: str, language: str | None) -> WhisperModel:
    """Load a model on the graphics card, or on the processor where there is none that works. Raises SpeechError."""
    model = _on_graphics_card(folder) or _on_processor(folder, label)
    if language is not None and language not in model.supported_languages:
        raise SpeechError(
            f"The Whisper model '{label}' hears English only: "
            "choose English or a model for all languages, such as 'base'."
        )
    return model


def _on_graphics_card(folder: Path) -> WhisperModel | None:
    try:
        if not ctranslate2.get_cuda_device_count():
            return None
        model = WhisperModel(str(folder), device="cuda")
        # CUDA's libraries are looked for at the first use, not while loading.
        model.detect_language(np.zeros(RATE_HZ, dtype=np.float32))
    except (RuntimeError, ValueError, OSError):
        return None
    return model


def _on_processor(folder: Path, label: str) -> WhisperModel:
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    try:
        return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise SpeechError(
            f"The Whisper model '{label}' can't be loaded ({reason}): get it again or choose another one."
        ) from error


@dataclass(frozen=True, kw_only=True)
class Region:
    """A stretch of speech between two pauses, in seconds from the block's beginning; the clip has the padding."""

    start_s: float
    end_s: float
    clip_start_s: float
    clip_end_s: float


class Listener:
    """Turns sound into segments, block by block; the first speech decides the language where none is given."""

    def __init__(self, model: WhisperModel, language: str | None) -> None:
        self._model = model
        self.settings = WhisperSettings(
            language=language,
            beam_size=BEAM_SIZE,
            condition_on_previous_text=False,  # a slip of the ear would be repeated for minutes
            device=str(model.model.device),
            compute_type=str(model.model.compute_type),
        )
        self.language = language
        self.language_probability = 0.0
        self.heard_s = 0.0

    def listen(self, audio: SourceAudio) -> Iterator[Segment | float]:
        """Yield what is heard, on the sound's clock, and now and then up to where (seconds). Raises SpeechError."""
        held: list[NDArray[np.float32]] = []
        count = 0
        for piece in audio.pieces:
            held.append(piece)
            count += len(piece)
            if count >= BLOCK_S * RATE_HZ:
                block = np.concatenate(held)
                regions, used = _whole_regions(block)
                yield from self._hear(block[:used], regions)
                held, count = [block[used:]], len(block) - used
        if count:
            block = np.concatenate(held)
            yield from self._hear(block, speech_regions(block))

    def _hear(self, block: NDArray[np.float32], regions: Sequence[Region]) -> Iterator[Segment | float]:
        start_s = self.heard_s
        if regions:
            clips = [time for region in regions for time in (region.clip_start_s, region.clip_end_s)]
            segments, info = self._model.transcribe(
                block,
                language=self.language,
                beam_size=self.settings.beam_size,
                word_timestamps=True,
                condition_on_previous_text=self.settings.condition_on_previous_text,
                clip_timestamps=clips,
            )
            self.language = str(info.language)
            self.language_probability = self.language_probability or float(info.language_probability)
            for heard in segments:
                segment = _believed(heard, regions, start_s, self.language)
                if segment is not None:
                    yield segment
                yield start_s + float(heard.end)
        self.heard_s += len(block) / RATE_HZ
        yield self.heard_s


def speech_regions(samples: NDArray[np.float32]) -> list[Region]:
    """Return where somebody speaks in float32 mono (n,), 16 kHz. A steady tone, noise and silence have none."""
    options = VadOptions(min_silence_duration_ms=PAUSE_MS, speech_pad_ms=0)
    total_s = len(samples) / RATE_HZ
    return [
        Region(
            start_s=found["start"] / RATE_HZ,
            end_s=found["end"] / RATE_HZ,
            clip_start_s=max(0.0, found["start"] / RATE_HZ - PADDING_S),
            clip_end_s=min(total_s, found["end"] / RATE_HZ + PADDING_S),
        )
        for found in get_speech_timestamps(samples, options)
    ]


def _whole_regions(block: NDArray[np.float32]) -> tuple[list[Region], int]:
    """Return the regions that surely end inside a block, and how many samples of it they use up.

    The last one is left for the next block, unless it fills this one: then it is cut where the block ends.
    """
    regions = speech_regions(block)
    if not regions:
        return [], len(block)
    used = int(regions[-1].clip_start_s * RATE_HZ)
    return (regions[:-1], used) if used > 0 else (regions, len(block))


def _believed(heard: HeardSegment, regions: Sequence[Region], offset_s: float, language: str | None) -> Segment | None:
    """Return a segment with its words moved into the speech they belong to, without those imagined in the silence."""
    words = []
    for word in heard.words or ():
        start, end = float(word.start), float(word.end)
        region = min(regions, key=lambda r: max(r.clip_start_s - start, start - r.clip_end_s, 0.0))
        outside = start > region.end_s + TOLERANCE_S or end < region.start_s - TOLERANCE_S
        if outside and float(word.probability) < SURE:
            continue
        if not outside:
            start = max(start, region.start_s - TOLERANCE_S)
            end = max(start, min(end, region.end_s + TOLERANCE_S))
        words.append(
            Word(
                start_s=start + offset_s,
                end_s=end + offset_s,
                text=str(word.word),
                probability=_number(word.probability),
            )
        )
    text = "".join(word.text for word in words).strip()
    if not text:
        return None
    return Segment(
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        text=text,
        words=tuple(words),
        language=language,
        mean_log_probability=_number(heard.avg_logprob),
        no_speech_probability=_number(heard.no_speech_prob),
        compression_ratio=_number(heard.compression_ratio),
    )


def _number(value: float) -> float | None:
    """Return a number of NumPy's as Python's own, None for one that JSON can't hold."""
    return float(value) if math.isfinite(value) else None
