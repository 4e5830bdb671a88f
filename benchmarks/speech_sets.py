"""Speech with known words for `transcribe.py`: recorded clips, recorded prompts, and a lesson spoken by Festival.

All of it comes from Debian's packages: `pocketsphinx-testdata` (LibriVox, public domain),
`asterisk-core-sounds-en-g722` (CC BY-SA 3.0), `festival` with `festvox-us-slt-hts`, which tells when it speaks each
word. Nothing of it is shipped.
"""

from __future__ import annotations

import re
import subprocess
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
PHRASE_GAP_S = 0.3
"""A pause from this on parts two phrases, whose begin and end are compared."""
QUIET = 0.004
"""What is below this, of -1 to 1, is no speech where a clip's edges are cut."""
SPELLINGS = {"mr": "mister", "dr": "doctor", "ok": "okay", "neighbor": "neighbour", "whilst": "while"}
DIGITS = {
    "0": "zero",
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
}
SAY = """
(voice_cmu_us_slt_arctic_hts)
(define (say text file)
 (let ((u (utt.synth (eval (list 'Utterance 'Text text)))))
  (utt.save.wave u file 'riff)
  (mapcar (lambda (w) (format t "%s\\t%s\\t%f\\t%f\\n" file (item.name w)
    (item.feat w 'word_start) (item.feat w 'word_end))) (utt.relation.items u 'Word))))
"""

Samples = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class SpokenWord:
    """A word and when it is spoken."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Speech, float32 mono (n,) at 16 kHz, with its words; `timed` is empty where nobody knows when they are spoken."""

    samples: Samples
    words: tuple[str, ...]
    timed: tuple[SpokenWord, ...] = ()

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return len(self.samples) / RATE_HZ


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared: small letters, digits in words, no punctuation, one spelling."""
    text = re.sub(r"(?<=\d),?000\b", " thousand", text)
    text = "".join(f" {DIGITS[sign]} " if sign in DIGITS else sign for sign in text.lower())
    found = re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.replace("’", "'"))
    return tuple(SPELLINGS.get(word, word) for word in found)


def joined(clips: Sequence[Clip], pause_s: float) -> Clip:
    """Return clips one after the other, with silence between them and before the first."""
    silence = np.zeros(round(pause_s * RATE_HZ), dtype=np.float32)
    pieces: list[Samples] = []
    words: list[str] = []
    timed: list[SpokenWord] = []
    position = 0
    for clip in clips:
        pieces += [silence, clip.samples]
        shift_s = (position + len(silence)) / RATE_HZ
        timed += [replace(word, start_s=word.start_s + shift_s, end_s=word.end_s + shift_s) for word in clip.timed]
        words += clip.words
        position += len(silence) + len(clip.samples)
    return Clip(samples=np.concatenate(pieces), words=tuple(words), timed=tuple(timed))


def librivox(folder: Path) -> list[Clip]:
    """Return the recorded clips of `pocketsphinx-testdata`, unpacked in a folder, with the words that are said."""
    place = next(folder.rglob("librivox"))
    clips = []
    text = (place / "transcription").read_text(encoding="ascii")
    for line in text.replace("a more a amiable woman", "a more amiable woman").splitlines():
        found = re.fullmatch(r"<s> (.*) </s> \((.*)\)", line)
        assert found is not None, line
        clips.append(Clip(samples=read(place / f"{found[2]}.wav"), words=words_of(found[1])))
    return clips


def prompts(folder: Path, texts: Path) -> list[Clip]:
    """Return the recorded prompts of at least four words, in the order of their names.

    Args:
        folder: `asterisk-core-sounds-en-g722`, unpacked.
        texts: the file core-sounds-en.txt that comes with their source: `name: what is said` a line.
    """
    clips = []
    for line in sorted(set(texts.read_text(encoding="utf-8").splitlines())):
        name, _, text = line.partition(":")
        path = next(iter(folder.rglob(f"{name}.g722")), None)
        if path is None or re.search(r"[\[(<;*#@]", text) or len(words_of(text)) < 4:
            continue
        clips.append(trimmed(Clip(samples=read(path, "g722"), words=words_of(text))))
    return clips


def spoken(texts: Sequence[str], folder: Path) -> list[Clip]:
    """Return each text as Festival speaks it."""
    paths = [folder / f"{number:04}.wav" for number in range(len(texts))]
    lines = [f'(say "{text}" "{path}")' for text, path in zip(texts, paths, strict=True)]
    script = folder / "say.scm"
    script.write_text(SAY + "\n".join(lines) + "\n", encoding="ascii")
    done = subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True, text=True)
    timed: dict[str, list[SpokenWord]] = {}
    for line in done.stdout.splitlines():
        file, text, start, end = line.split("\t")
        if words_of(text):
            timed.setdefault(file, []).append(SpokenWord(start_s=float(start), end_s=float(end), text=text.lower()))
    return [
        Clip(samples=read(path), words=tuple(word.text for word in timed[str(path)]), timed=tuple(timed[str(path)]))
        for path in paths
    ]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return re.split(r"(?<=[.?!])\s+", text.strip())


def phrases(text: str, most_words: int = 4) -> list[str]:
    """Return a text in short phrases, as somebody speaks who thinks after every few words."""
    parts = []
    for sentence in sentences(text):
        words = sentence.split()
        parts += [" ".join(words[at : at + most_words]) for at in range(0, len(words), most_words)]
    return parts


def trimmed(clip: Clip, margin_s: float = 0.03) -> Clip:
    """Return a clip without the silence around its speech."""
    if clip.timed:
        first, last = clip.timed[0].start_s, clip.timed[-1].end_s
    else:
        loud = np.flatnonzero(np.abs(clip.samples) > QUIET)
        first, last = float(loud[0]) / RATE_HZ, float(loud[-1]) / RATE_HZ
    start, end = max(0.0, first - margin_s), min(clip.duration_s, last + margin_s)
    timed = tuple(replace(w, start_s=w.start_s - start, end_s=w.end_s - start) for w in clip.timed)
    return replace(clip, samples=clip.samples[round(start * RATE_HZ) : round(end * RATE_HZ)], timed=timed)


def read(path: Path, form: str | None = None) -> Samples:
    """Return an audio file as float32 mono (n,), 16 kHz."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    with av.open(str(path), format=form) as container:
        pieces = [out.to_ndarray() for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    pieces += [out.to_ndarray() for out in resampler.resample(None)]
    samples: Samples = np.concatenate(pieces, axis=1).reshape(-1).astype(np.float32) / np.float32(32768)
    return samples


def write(clip: Clip, path: Path) -> None:
    """Write a clip as a WAV file of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.clip(clip.samples, -1, 1) * 32767).astype("<i2").tobytes())


def phrase_edges(words: Sequence[SpokenWord]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last word, by their numbers, of each stretch without a pause."""
    first = 0
    for number in range(1, len(words) + 1):
        if number == len(words) or words[number].start_s - words[number - 1].end_s >= PHRASE_GAP_S:
            yield first, number - 1
            first = number
