"""What a dataset of 200,000 rows costs: opening it, an edit, a save, a merge, and edits meanwhile, for both schemas.

Opening is compared with `json.loads` of the same file, which a program that reads it the plain way needs at least.
Seconds of wall time, and of the processor, which other work on the machine changes less.

python benchmarks/documents.py [--rows 200000] [--repeat 3]
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from transcripts.document import Document, open_document  # noqa: E402  # the path above must be set first
from transcripts.rows import Id  # noqa: E402

WORDS = ("the", "of", "matrix", "we", "see", "here", "that", "Fourier", "transform", "is", "a", "rotation", "Größe")
WORDS_A_SEGMENT = 10
ROWS_A_TARGET = 1000
EDITS = 2000
MERGED = 100
EDIT_PAUSE_S = 0.002


@dataclass(frozen=True, kw_only=True)
class Seconds:
    """How long something took."""

    wall: float
    processor: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="how many rows (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="how often it is opened (default: %(default)s)")
    arguments = parser.parse_args()
    for name, collection, field, content in (
        ("transcripts", "segments", "text", transcripts(arguments.rows)),
        ("COCO", "annotations", "note", coco(arguments.rows)),
    ):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "dataset.json"
            path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            ids = [row["id"] for row in content[collection][:ROWS_A_TARGET]]
            del content
            gc.collect()
            measure(name, path, collection, field, ids, arguments.repeat)


def measure(name: str, path: Path, collection: str, field: str, ids: list[Id], repeat: int) -> None:
    """Measure one dataset and print what came out."""
    sys.stdout.write(f"{name}: {path.stat().st_size / 1e6:.0f} MB\n")
    plain = [timed(lambda: json.loads(path.read_bytes())) for _ in range(repeat)]
    opened = [timed(lambda: open_document(path, autosave_interval_s=3600).shutdown()) for _ in range(repeat)]
    report("json.loads", plain)
    report("opening", opened, plain)
    with open_document(path, autosave_interval_s=3600) as document:
        show_edits("edits", [edit(document, collection, field, ids, n) for n in range(EDITS)])
        took, during = beside(document.flush, lambda n: edit(document, collection, field, ids, n))
        report("saving, with edits all the time", [took])
        show_edits("edits during the save", during)
    measure_merge(path, collection, field, ids)


def measure_merge(path: Path, collection: str, field: str, ids: list[Id]) -> None:
    """Measure a merge of what two people changed, with edits of other rows meanwhile, one every few ms."""
    before = path.read_bytes()
    with open_document(path, autosave_interval_s=3600) as other:
        for row_id in ids[:MERGED]:
            other.update(collection, row_id, **{field: "theirs"})
        theirs = other.snapshot_bytes()
        other.undo()
    with open_document(path, autosave_interval_s=3600) as document:
        document.set_saved(before)
        for row_id in ids[MERGED : 2 * MERGED]:
            document.update(collection, row_id, **{field: "ours"})

        def paused_edit(number: int) -> float:
            time.sleep(EDIT_PAUSE_S)
            return edit(document, collection, field, ids[2 * MERGED :], number)

        show_edits("edits, one every 2 ms", [paused_edit(n) for n in range(EDITS)])
        took, during = beside(lambda: document.merge_saved(before, theirs), paused_edit)
        report(f"merging {MERGED} changes, with edits all the time", [took])
        show_edits("edits during the merge", during)


def beside(work: Callable[[], object], edit_once: Callable[[int], float]) -> tuple[Seconds, list[float]]:
    """Return how long something takes, and how long each edit takes meanwhile."""
    took: list[Seconds] = []
    thread = threading.Thread(target=lambda: took.append(timed(work)))
    thread.start()
    during: list[float] = []
    while thread.is_alive():
        during.append(edit_once(len(during)))
    return took[0], during


def edit(document: Document, collection: str, field: str, ids: list[Id], number: int) -> float:
    """Set a text; return the seconds that took."""
    started = time.perf_counter()
    document.update(collection, ids[number % len(ids)], **{field: f"changed {number}"})
    return time.perf_counter() - started


def timed(work: Callable[[], object]) -> Seconds:
    """Return how long something takes."""
    gc.collect()
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Seconds(wall=time.perf_counter() - wall, processor=time.process_time() - processor)


def report(what: str, found: list[Seconds], base: list[Seconds] | None = None) -> None:
    """Print the best of several, and what part that is of another."""
    wall, processor = (min(getattr(one, kind) for one in found) for kind in ("wall", "processor"))
    line = f"  {what}: {wall:.2f} s, processor {processor:.2f} s"
    if base is not None:
        ratios = [wall / min(one.wall for one in base), processor / min(one.processor for one in base)]
        line += f" ({ratios[0]:.2f} and {ratios[1]:.2f} of json.loads)"
    sys.stdout.write(f"{line}\n")


def show_edits(what: str, seconds: list[float]) -> None:
    """Print how long edits took."""
    high = quantiles(seconds, n=100)[98] if len(seconds) > 1 else seconds[0]
    sys.stdout.write(
        f"  {len(seconds)} {what}: median {median(seconds) * 1000:.3f} ms, "
        f"99 of 100 within {high * 1000:.2f} ms, longest {max(seconds) * 1000:.1f} ms\n"
    )


def transcripts(rows: int) -> dict[str, Any]:
    """Return the transcripts of a large course, every word with its time."""
    numbers = random.Random(1)
    media = [{"id": f"m{n}", "uri": f"lecture {n}.mp4"} for n in range(rows // ROWS_A_TARGET + 1)]
    segments = []
    for number in range(rows):
        words = [numbers.choice(WORDS) for _ in range(WORDS_A_SEGMENT)]
        start = round(number % ROWS_A_TARGET * 3.2, 3)
        timed_words = [
            [word, round(start + n * 0.3, 3), 0.28, round(numbers.random(), 3)] for n, word in enumerate(words)
        ]
        segments.append(
            {
                "id": f"{number:012x}",
                "media_id": f"m{number // ROWS_A_TARGET}",
                "start": start,
                "duration": 3.1,
                "channel": 0,
                "text": " ".join(words),
                "language": "en",
                "speaker": "sp1",
                "alignment": {"word": timed_words},
                "edited": False,
                "generator": "base",
            }
        )
    return {"media": media, "speakers": [{"id": "sp1", "name": "Dr. Green"}], "segments": segments}


def coco(rows: int) -> dict[str, Any]:
    """Return annotated images, every annotation with its outline."""
    numbers = random.Random(1)
    annotations = [
        {
            "id": number,
            "image_id": number // ROWS_A_TARGET,
            "category_id": number % 80,
            "segmentation": [[round(numbers.uniform(0, 640), 2) for _ in range(24)]],
            "area": round(numbers.uniform(0, 9999), 2),
            "bbox": [round(numbers.uniform(0, 640), 2) for _ in range(4)],
            "iscrowd": 0,
        }
        for number in range(rows)
    ]
    images = [{"id": n, "file_name": f"{n}.jpg"} for n in range(rows // ROWS_A_TARGET + 1)]
    return {"images": images, "annotations": annotations, "categories": [{"id": n, "name": f"c{n}"} for n in range(80)]}


if __name__ == "__main__":
    main()
