"""The audio of the selected segment, read by a thread and kept for a while. Called on the Tk thread; knows no Tk."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from pipeline.errors import PipelineError
from storage import StorageError
from transcripts.dataset import Dataset
from ui.transcripts.messages import EditorMessage, PeaksKnown
from ui.transcripts.segment import DatasetSegment
from ui.transcripts.wave_view import COLUMNS, MARGIN_S, WaveView
from ui.transcripts.worker import in_thread

KEPT = 200
READING = "Reading the audio…"

Key = tuple[str, float, float]
"""A video's address, and from when to when."""


class PassagePeaks:
    """Returns what is known of a passage, and has it read if nothing is; of several wanted at once, the last."""

    def __init__(self, post: Callable[[EditorMessage], None]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._known: OrderedDict[Key, tuple[Sequence[tuple[float, float]], str]] = OrderedDict()
        self._wanted: tuple[Dataset, Key] | None = None
        self._running = False

    def view(self, dataset: Dataset, reference: str, segment: DatasetSegment, cursor: int) -> WaveView:
        """Return what is to be shown of a segment of the video `reference`; `cursor` counts characters before it."""
        key = (reference, max(0.0, segment.start_s - MARGIN_S), segment.end_s + MARGIN_S)
        with self._lock:
            peaks, note = self._known.get(key, ((), READING))
            start = key not in self._known and not self._running
            if key not in self._known:
                self._wanted = (dataset, key)
                self._running = True
        if start:
            in_thread("peaks", self._read, lambda _, text: PeaksKnown(problem=text), self._post)
        return WaveView(
            segment_id=segment.id,
            begin_s=key[1],
            end_s=key[2],
            start_s=segment.start_s,
            stop_s=segment.end_s,
            head_s=segment.time_at(cursor),
            peaks=peaks,
            note=note,
        )

    def _read(self) -> EditorMessage:
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._running = False
                    return PeaksKnown()
            found = _peaks(*wanted)
            with self._lock:
                self._known[wanted[1]] = found
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)


def _peaks(dataset: Dataset, key: Key) -> tuple[Sequence[tuple[float, float]], str]:
    """Return the peaks of a passage, or why there are none."""
    from transcripts.passage import peaks, read_passage  # numpy takes a moment

    reference, begin_s, end_s = key
    try:
        return tuple(peaks(read_passage(dataset.open_media(reference), begin_s, end_s), COLUMNS)), ""
    except (PipelineError, StorageError) as error:
        return (), str(error)
