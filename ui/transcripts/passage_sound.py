"""The sound of a segment: what the waveform shows of it, and playing it in the browser. Knows no Tk."""

from __future__ import annotations

from pathlib import Path

from ui.transcripts.messages import Failed, Message, Notice
from ui.transcripts.playing import open_in_browser
from ui.transcripts.segment import MEDIA
from ui.transcripts.session import Session
from ui.transcripts.sounds import Sounds
from ui.transcripts.wave_view import WaveView
from ui.transcripts.worker import in_thread


class PassageSound:
    """The sound of a controller's segments. Every method is called in the Tk thread and returns at once."""

    def __init__(self, controller: Session) -> None:
        self._controller = controller
        self._sounds = Sounds(controller.post)

    def wave(self, place: int, cursor: int) -> WaveView | None:
        """Return the sound of the segment at a place, with the cursor behind so many characters of its text."""
        segment, dataset = self._controller.segment(place), self._controller.dataset
        reference = self._reference()
        if segment is None or dataset is None or not reference:
            return None
        return self._sounds.view(dataset, reference, segment, cursor)

    def _reference(self) -> str:
        """Return where the dataset says that the video is, empty if it does not."""
        document, media_id = self._controller.document, self._controller.state.media_id
        row = None if document is None or media_id is None else document.get(MEDIA, media_id)
        reference = None if row is None else row.get("uri")
        return reference if isinstance(reference, str) else ""

    def play(self, place: int) -> None:
        """Play the passage at a place in the browser, in a loop."""
        segment, dataset, reference = self._controller.segment(place), self._controller.dataset, self._reference()
        if segment is None or dataset is None:
            return

        def work() -> Message:
            video = dataset.media_uri(reference) if reference else None
            if not isinstance(video, Path):
                return Failed(reason="The passage can't be played: the video is not a file of this computer.")
            if not video.is_file():
                return Failed(reason=f"The passage can't be played: there is no file {video}.")
            open_in_browser(video, segment.start_s, segment.end_s, segment.text)
            return Notice(text="The passage is played in the browser.")

        in_thread("play", work, lambda _, text: Failed(reason=text), self._controller.post)
