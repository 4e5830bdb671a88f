"""What the editor's window does when something is pressed or arrives. Holds dataset, state and threads; knows no Tk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.job import CaptionRules
from transcripts.dataset import Dataset
from transcripts.document import Document
from transcripts.events import DocumentEvent
from transcripts.rows import Id
from transcripts.schema import TRANSCRIPTS
from transcripts.segment_edits import SEGMENTS, SPEAKERS
from ui.banners import Tone
from ui.transcripts.adding import add_job
from ui.transcripts.aligning import Aligning
from ui.transcripts.audio_output import OpenOutput, open_device
from ui.transcripts.caption_reasons import CaptionReasons
from ui.transcripts.editing import Editing
from ui.transcripts.messages import (
    Added,
    Changed,
    Decided,
    EditorMessage,
    Failed,
    Opened,
    OpeningFailed,
    PeaksKnown,
    PlaceFound,
    Published,
    ReasonsKnown,
    Saved,
    SegmentsKnown,
    VideosKnown,
)
from ui.transcripts.passage_audio import PassageAudio
from ui.transcripts.publishing import Publish
from ui.transcripts.reading import segments_of, videos_of
from ui.transcripts.saving import Saving
from ui.transcripts.searches import Searches
from ui.transcripts.segment import MEDIA, DatasetSegment, segment_of, start_of
from ui.transcripts.segment_order import SegmentOrder
from ui.transcripts.state import EditorStage, EditorState, Question, Status, advance
from ui.transcripts.timing import Timing
from ui.transcripts.worker import in_thread

Opener = Callable[[str], Dataset]

MANY_ROWS = 500
"""After an edit of more rows than this, a video's segments are read anew, which is faster and holds nothing up."""


class EditorController:
    """The editor without its widgets. Every method is called in the Tk thread and returns at once.

    `order` has the segments of the video that was chosen; `revision` grows whenever they, or any of them, changed.
    """

    def __init__(
        self,
        *,
        opener: Opener,
        post: Callable[[EditorMessage], None],
        publisher: Publish | None = None,
        open_output: OpenOutput = open_device,
        model: str = "",
    ) -> None:
        self.state = EditorState()
        self.order = SegmentOrder()
        self.revision = 0
        self._opener = opener
        self._to_add: Path | None = None
        self.post = post
        self._dataset: Dataset | None = None
        self.left = threading.Event()
        self._rows_version = 0
        self._reasons = CaptionReasons(post)
        self.searches = Searches(self)
        self.audio = PassageAudio(self, open_output)
        self.editing = Editing(self)
        self.timing = Timing(self)
        self.aligning = Aligning(self, model)
        self.saving = Saving(self, publisher, before_closing=self._end_of_work)
        self.wanted: tuple[Id, int] | None = None
        """The segment to select as soon as it is there, and where to put the cursor."""

    @property
    def dataset(self) -> Dataset | None:
        """The dataset, None while none is open."""
        return self._dataset

    @property
    def document(self) -> Document | None:
        """The document, None while none is open."""
        return None if self._dataset is None else self._dataset.document

    @property
    def reference(self) -> str:
        """Where the dataset says that the video is, empty if it does not."""
        document, media_id = self.document, self.state.media_id
        row = None if document is None or media_id is None else document.get(MEDIA, media_id)
        reference = None if row is None else row.get("uri")
        return reference if isinstance(reference, str) else ""

    def _end_of_work(self) -> None:
        """End what uses the dataset, before that is closed. Called by a thread."""
        self.audio.close()
        self.aligning.close()

    # opening

    def open(self, address: str, add: Path | None = None) -> None:
        """Open a dataset; `add` is the folder of a finished job whose video is put into it."""
        if self.state.stage is not EditorStage.EMPTY or not address.strip():
            return
        self._to_add = add
        status = Status(text=f"Opening {address}…", tone=Tone.BUSY)
        self.state = replace(self.state, stage=EditorStage.OPENING, address=address, status=status)
        in_thread("open dataset", lambda: self._opened(address), lambda _, text: OpeningFailed(reason=text), self.post)

    def _opened(self, address: str) -> EditorMessage | None:
        dataset = self._opener(address.strip())
        if self.left.is_set():
            dataset.close()
            return None
        if dataset.document.schema.name != TRANSCRIPTS.name:
            name = dataset.document.schema.name
            dataset.close()
            return OpeningFailed(reason=f"{address} is a dataset of kind {name}: this window is for transcripts.")
        dataset.document.on_change(self._document_changed)
        return Opened(dataset=dataset)

    def _document_changed(self, event: DocumentEvent) -> None:
        """Hand on what the document tells, on whatever thread that is."""
        self.post(Changed(changes=event.changes, rows=event.rows, problem=event.problem))

    # messages

    def receive(self, message: EditorMessage) -> None:
        """Take a message from the queue into the state."""
        if isinstance(message, Opened):
            self._dataset = message.dataset
            self._read_videos()
        elif isinstance(message, SegmentsKnown):
            self._take_segments(message)
        elif isinstance(message, Changed):
            self._take_rows(message)
        elif isinstance(message, ReasonsKnown | PeaksKnown):
            self.revision += 1
        elif isinstance(message, PlaceFound) and message.segment_id is not None:
            self.wanted = (message.segment_id, message.cursor)
            self.revision += 1
        elif isinstance(message, Added) and message.media_id is not None:
            self._read_videos()
            self.choose_video(message.media_id)
        self.state = advance(self.state, message)
        if isinstance(message, Opened | Decided):
            self._add()
        if isinstance(message, VideosKnown):
            self.revision += 1  # speakers may have other names
            if self.state.media_id is None and message.videos:
                self.choose_video(message.videos[0].id)
        if isinstance(message, Saved | Published) and self.state.closing:
            self.state = replace(self.state, closing=False)
            self.saving.close()

    def _add(self) -> None:
        """Put the finished job's video into the dataset as soon as that can be edited."""
        dataset, folder = self._dataset, self._to_add
        if dataset is None or folder is None or not self.state.editable:
            return
        self._to_add = None
        in_thread("add", lambda: add_job(dataset, folder), lambda _, text: Added(problem=text), self.post)

    def _read_videos(self) -> None:
        document = self.document
        if document is not None:
            in_thread("videos", lambda: videos_of(document), lambda _, text: Failed(reason=text), self.post)

    def choose_video(self, media_id: Id) -> None:
        """Show a video's segments."""
        if media_id != self.state.media_id:
            self.state = replace(self.state, media_id=media_id, loading=True)
            self.order = SegmentOrder()
            self._read_segments()
            self.revision += 1

    def _read_segments(self) -> None:
        document, media_id = self.document, self.state.media_id
        if document is not None and media_id is not None:
            in_thread(
                "segments", lambda: segments_of(document, media_id), lambda _, text: Failed(reason=text), self.post
            )

    def _take_segments(self, message: SegmentsKnown) -> None:
        document = self.document
        if document is None or message.media_id != self.state.media_id:
            return
        if self._rows_version > message.version:
            self._read_segments()  # something was changed while they were read
            return
        self.order = message.order
        self.revision += 1

    def _take_rows(self, message: Changed) -> None:
        document = self.document
        if document is None or not message.rows:
            return
        self._rows_version = document.version
        if any(name in (MEDIA, SPEAKERS) for name, _ in message.rows):
            self._read_videos()
        ids = [row_id for name, row_id in message.rows if name == SEGMENTS]
        if len(ids) > MANY_ROWS:
            self._read_segments()
            return
        for segment_id in ids:
            row = document.get(SEGMENTS, segment_id)
            if row is not None and row.get("media_id") == self.state.media_id:
                self.order.put(segment_id, start_of(row))
            else:
                self.order.remove(segment_id)
        self.revision += 1

    # marks

    def reason(self, place: int) -> str:
        """Return which rules the captions of the segment at a place break; empty as long as nobody knows."""
        segment = self.segment(place)
        if segment is None:
            return ""
        neighbours = (self.segment(place - 1), segment, self.segment(place + 1))
        return self._reasons.reason(neighbours, segment.language, self.state.rules)

    def set_rules(self, rules: CaptionRules) -> None:
        """Say by whose rules captions are marked."""
        self.state = replace(self.state, rules=rules)
        self.revision += 1

    # segments

    def segment(self, index: int) -> DatasetSegment | None:
        """Return the segment at a place of the list, None where there is none."""
        document = self.document
        if document is None or not 0 <= index < len(self.order):
            return None
        row = document.get(SEGMENTS, self.order.at(index))
        return None if row is None else segment_of(row)

    def speaker_name(self, speaker: Id | None) -> str:
        """Return what a speaker is called; empty for nobody."""
        return next((name for one, name in self.state.speakers if one == speaker), "")

    def edit(self, change: Callable[[Document], object]) -> bool:
        """Change the document; return whether that was possible. Else the status says why not."""
        document = self.document
        if document is None or not self.state.is_open:
            return False
        try:
            change(document)
        except PipelineError as error:
            self.state = advance(self.state, Failed(reason=str(error)))
            return False
        if self.state.status.tone is not Tone.PLAIN and self.state.saving is None:
            self.state = replace(self.state, status=Status())
        return True

    # what an earlier session left

    def accept_recovered(self) -> None:
        """Make the changes that an earlier session left."""
        self._decide_recovered(lambda document: document.accept_recovered())

    def discard_recovered(self) -> None:
        """Forget them."""
        self._decide_recovered(lambda document: document.discard_recovered())

    def _decide_recovered(self, decide: Callable[[Document], None]) -> None:
        document = self.document
        if document is None or self.state.question is not Question.RECOVERED:
            return

        def work() -> EditorMessage:
            decide(document)
            return Decided()

        in_thread("recovery", work, lambda _, text: Failed(reason=text), self.post)
