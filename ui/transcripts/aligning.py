"""Finds the exact times of the words of the selected segment, in Whisper's process. Knows no Tk."""

from __future__ import annotations

import threading
from dataclasses import replace

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import DownloadProgress, download_text
from transcripts import segment_edits
from transcripts.segment_edits import SEGMENTS
from ui.banners import Tone
from ui.transcripts.messages import Aligned, EditorMessage, Notice
from ui.transcripts.session import Session
from ui.transcripts.state import Status
from ui.transcripts.worker import in_thread


class Aligning:
    """Aligns one segment of a controller at a time. Every method is called in the Tk thread and returns at once."""

    def __init__(self, controller: Session, model: str) -> None:
        """`model` is a name or a folder; empty is the one that transcribed the segment, where that has a name."""
        self._controller = controller
        self._model = model
        self._whisper = WhisperProcess()
        self._cancel = CancelToken()
        self._thread: threading.Thread | None = None

    def align_or_cancel(self, place: int) -> None:
        """Align the words of the segment at a place, or cancel what is under way."""
        controller = self._controller
        segment, dataset = controller.segment(place), controller.dataset
        if controller.state.aligning:
            self._cancel.cancel()
            return
        row = None if segment is None or dataset is None else dataset.document.get(SEGMENTS, segment.id)
        if segment is None or dataset is None or row is None or not controller.state.editable:
            return
        self._cancel = cancel = CancelToken()
        document, reference = dataset.document, controller.reference
        status = Status(text="Aligning the words with the audio…", tone=Tone.BUSY)
        controller.state = replace(controller.state, aligning=True, status=status)

        def work() -> EditorMessage:
            from transcripts.exact_times import exact_words, model_for

            if not reference:
                return Aligned(problem="The words can't be aligned: the dataset does not say where the video is.")
            model = model_for(row, self._model)

            def downloading(progress: DownloadProgress) -> None:
                controller.post(Notice(text=download_text(model, progress)))

            try:
                words = exact_words(self._whisper, dataset.open_media(reference), row, model, cancel, downloading)
            except Cancelled:
                return Aligned(text="The words keep the times that they had.")
            segment_edits.set_words(document, segment.id, row, words)
            return Aligned(text="The words have exact times.")

        self._thread = in_thread("align", work, lambda _, text: Aligned(problem=text), controller.post)

    def close(self) -> None:
        """Cancel and wait until Whisper's process is gone. Called by a thread."""
        self._cancel.cancel()
        if self._thread is not None:
            self._thread.join()
        self._whisper.end()
