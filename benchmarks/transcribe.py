"""Words, times, CPU and memory of the program's transcription beside faster-whisper alone: same model, same audio.

    python benchmarks/transcribe.py [--sets librivox,lesson] [--ways ours,vad]
    python benchmarks/transcribe.py --prompts FOLDER --prompt-texts core-sounds-en.txt

The model and the LibriVox recordings are those that ./run-tests fetches. `lesson`, `slow` (a pause of a second after
every few words) and `nopause` need Debian's `festival` and `festvox-us-slt-hts`; `prompts` needs the unpacked package
`asterisk-core-sounds-en-g722` and the file of texts that comes with its source.

--looks measures what a file costs before it is heard: the choice of its track and the vote for its language, where two
of three samples agree; beside it faster-whisper's own look at the language, which is one window. The model for English
encodes samples as others do.

A phrase's start and end are compared where it is known when it is spoken. Each way runs in a process of its own, on one
thread: more would make CPU seconds depend on what else the computer does.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from speech_sets import (
    Clip,
    SpokenWord,
    joined,
    librivox,
    phrase_edges,
    phrases,
    prompts,
    read,
    sentences,
    spoken,
    trimmed,
    words_of,
    write,
)

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment as FoundSegment

    from pipeline.speech.window_model import WindowModel

SPEECH_DATA = Path(sys.prefix) / "speech-data"
LESSON = Path(__file__).with_name("lesson.txt")
SLOW_PHRASES = 80
"""How many phrases of the lesson are spoken slowly: three minutes."""
LOOKS = "looks"
WAYS = ("ours", "defaults", "words", "vad", "batched")
"""`words` is `defaults` with times of words, which captions need."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How a text differs from what is said, and its phrases' times, in seconds after the true ones."""

    words: int
    deleted: int
    inserted: int
    substituted: int
    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]

    @property
    def error_percent(self) -> float:
        """The word error rate."""
        return 100 * (self.deleted + self.inserted + self.substituted) / self.words


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=SPEECH_DATA / "tiny.en", help="a CTranslate2 folder")
    parser.add_argument("--sets", default="", help="which sets, with commas between them (default: all)")
    parser.add_argument("--ways", default=",".join(WAYS), help="which ways to transcribe (default: %(default)s)")
    parser.add_argument("--prompts", type=Path, help="where the package of prompts is unpacked")
    parser.add_argument("--prompt-texts", type=Path, help="what the prompts say")
    parser.add_argument("--every", type=int, default=6, help="of how many prompts one is taken (default: %(default)s)")
    parser.add_argument("--looks", action="store_true", help="measure also what comes before the hearing")
    parser.add_argument("--child", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        way, path = options.child
        measured = looked_at if way == LOOKS else transcribed
        sys.stdout.write(json.dumps(measured(way, Path(path), options.model)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, clip in sets(options, folder):
            path = folder / f"{title}.wav"
            write(clip, path)
            line(f"{title}: {clip.duration_s:.0f} s, {len(clip.words)} words")
            for way in options.ways.split(","):
                measure(way, path, clip, options.model)
            if options.looks:
                costs = in_process(LOOKS, path, options.model)
                line("  " + "  ".join(f"{name} CPU {cpu_s:.2f} s" for name, cpu_s in costs.items()))


def sets(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Clip]]:
    """Yield the wanted sets by their names."""
    lesson = LESSON.read_text(encoding="utf-8")
    makers: dict[str, Callable[[], Clip]] = {
        "librivox": lambda: joined(librivox(SPEECH_DATA), 2.0),
        "lesson": lambda: joined([trimmed(clip) for clip in spoken(sentences(lesson), folder)], 0.5),
        "slow": lambda: joined([trimmed(clip) for clip in spoken(phrases(lesson)[:SLOW_PHRASES], folder)], 1.0),
        "nopause": lambda: joined([trimmed(clip, 0.0) for clip in spoken(sentences(lesson), folder)], 0.0),
    }
    if options.prompts and options.prompt_texts:
        makers["prompts"] = lambda: joined(prompts(options.prompts, options.prompt_texts)[:: options.every], 0.4)
    for name in options.sets.split(",") if options.sets else makers:
        yield name, makers[name]()


def measure(way: str, path: Path, clip: Clip, model: Path) -> None:
    """Transcribe a file in a process of its own, and print what came of it."""
    result = in_process(way, path, model)
    found = score(clip, result["words"])
    text = f"  {way:9} errors {found.error_percent:5.2f} %  deleted {found.deleted:2}"
    if found.starts_s:
        late = sum(error > 0.3 for error in found.starts_s)
        text += f"  start {_median(found.starts_s):.3f} s (late {late}/{len(found.starts_s)})"
        text += f"  end {_median(found.ends_s):.3f} s"
    line(f"{text}  CPU {result['cpu_s']:.1f} s  wall {result['wall_s']:.1f} s  memory {result['memory_mb']:.0f} MB")


def in_process(way: str, path: Path, model: Path) -> dict[str, Any]:
    """Return what a process of its own measures."""
    command = [sys.executable, __file__, "--child", way, str(path), "--model", str(model)]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return result


def looked_at(_: str, path: Path, folder: Path) -> dict[str, float]:
    """Return the CPU seconds of what comes before the hearing, after one round that loads what is needed."""
    from faster_whisper import WhisperModel
    from faster_whisper.audio import pad_or_trim

    from pipeline.speech.audio_choice import choose_track
    from pipeline.speech.audio_samples import samples_of, speech

    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)

    def vote(count: int) -> None:
        for sample in list(samples_of(path, 0))[:count]:
            speech(sample.mixed)
            model.encode(pad_or_trim(model.feature_extractor(sample.mixed)))

    first = read(path)[: model.feature_extractor.n_samples]
    looks: dict[str, Callable[[], object]] = {
        "choice": lambda: choose_track(path, [0]),
        "vote": lambda: vote(2),
        "faster-whisper's": lambda: model.encode(pad_or_trim(model.feature_extractor(first))),
    }
    costs = {}
    for name, look in looks.items():
        look()
        cpu_s = time.process_time()
        look()
        costs[name] = time.process_time() - cpu_s
    return costs


def transcribed(way: str, path: Path, folder: Path) -> dict[str, Any]:
    """Return a file's words as [start, end, text], and what it took after the model was loaded."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    from pipeline.speech.window_model import WindowModel

    kind = WindowModel if way == "ours" else WhisperModel
    model = kind(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    samples = read(path)
    options: Mapping[str, dict[str, Any]] = {
        "defaults": {},
        "words": {"word_timestamps": True},
        "vad": {"word_timestamps": True, "vad_filter": True},
    }
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    if way == "ours":
        words = list(_ours(model, path))
    elif way == "batched":
        pipeline = BatchedInferencePipeline(model)
        words = _words(pipeline.transcribe(samples, batch_size=8, word_timestamps=True)[0])
    else:
        words = _words(model.transcribe(samples, **options[way])[0])
    return {
        "words": words,
        "cpu_s": time.process_time() - cpu_s,
        "wall_s": time.perf_counter() - wall_s,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def score(clip: Clip, heard: Sequence[tuple[float, float, str]]) -> Score:
    """Compare what was heard, each part with its times, with what is said."""
    found = [SpokenWord(start_s=s, end_s=e, text=word) for s, e, text in _whole(heard) for word in words_of(text)]
    pairs = aligned(clip.words, [word.text for word in found])
    same = {i: found[j] for i, j in pairs if i is not None and j is not None and clip.words[i] == found[j].text}
    edges = list(phrase_edges(clip.timed))
    both = sum(i is not None and j is not None for i, j in pairs)
    return Score(
        words=len(clip.words),
        deleted=sum(j is None for _, j in pairs),
        inserted=sum(i is None for i, _ in pairs),
        substituted=both - len(same),
        starts_s=tuple(same[first].start_s - clip.timed[first].start_s for first, _ in edges if first in same),
        ends_s=tuple(same[last].end_s - clip.timed[last].end_s for _, last in edges if last in same),
    )


def aligned(said: Sequence[str], heard: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Return which word of two texts is which, by their numbers, with the fewest changes (Levenshtein)."""
    rows = [list(range(len(heard) + 1))]
    for i, word in enumerate(said, 1):
        row = [i]
        for j, other in enumerate(heard, 1):
            row.append(min(rows[-1][j - 1] + (word != other), rows[-1][j] + 1, row[-1] + 1))
        rows.append(row)
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(said), len(heard)
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (said[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def _ours(model: WindowModel, path: Path) -> Iterator[tuple[float, float, str]]:
    from pipeline.speech.audio import read_audio
    from pipeline.speech.recognizer import SpeechRecognizer
    from pipeline.speech.transcript import Segment

    for item in SpeechRecognizer(model, "en").recognize(read_audio(path)):
        if isinstance(item, Segment):
            yield from ((word.start_s, word.end_s, word.text) for word in item.words)


def _words(segments: Iterable[FoundSegment]) -> list[tuple[float, float, str]]:
    parts = [part for segment in segments for part in (segment.words or [segment])]
    return [(float(part.start), float(part.end), getattr(part, "word", None) or part.text) for part in parts]


def _whole(heard: Sequence[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """Join what no space parts, such as a number and its thousands."""
    whole: list[tuple[float, float, str]] = []
    for start, end, text in heard:
        if whole and not text.startswith(" "):
            whole[-1] = (whole[-1][0], end, whole[-1][2] + text)
        else:
            whole.append((start, end, text))
    return whole


def _median(errors: Sequence[float]) -> float:
    return median(abs(error) for error in errors)


def line(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
