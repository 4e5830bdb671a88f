"""What the parts of the editor's controller need of it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Protocol

from transcripts.dataset import Dataset
from transcripts.document import Document
from transcripts.rows import Id
from ui.transcripts.messages import EditorMessage
from ui.transcripts.segment import DatasetSegment
from ui.transcripts.segment_order import SegmentOrder
from ui.transcripts.state import EditorState


class Session(Protocol):
    """A window's dataset, its state and the segments that are shown; see EditorController.

    `left` is set when the window is closed while its dataset is still being opened.
    """

    state: EditorState
    order: SegmentOrder
    revision: int
    wanted: tuple[Id, int] | None
    post: Callable[[EditorMessage], None]
    left: Event

    @property
    def dataset(self) -> Dataset | None:
        """The dataset, None while none is open."""

    @property
    def document(self) -> Document | None:
        """The document, None while none is open."""

    @property
    def reference(self) -> str:
        """Where the dataset says that the video is, empty if it does not."""

    def segment(self, index: int) -> DatasetSegment | None:
        """Return the segment at a place of the list, None where there is none."""

    def edit(self, change: Callable[[Document], object]) -> bool:
        """Change the document; return whether that was possible. Else the status says why not."""

    def choose_video(self, media_id: Id) -> None:
        """Show a video's segments."""
