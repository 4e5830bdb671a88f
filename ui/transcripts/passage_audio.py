"""The audio of a segment: what the waveform shows of it, and playing it, here or in the browser. Knows no Tk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import PipelineError
from storage import StorageError
from transcripts.dataset import Dataset
from transcripts.rows import Id
from ui.transcripts.audio_output import RATE_HZ, NoAudioDeviceError, OpenOutput
from ui.transcripts.messages import PlayEnded
from ui.transcripts.passage_peaks import PassagePeaks
from ui.transcripts.player import Passage, Player
from ui.transcripts.playing import open_in_browser
from ui.transcripts.segment import DatasetSegment
from ui.transcripts.session import Session
from ui.transcripts.wave_view import WaveView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_S = 0.1
"""A segment without any length is played for so long."""


class PassageAudio:
    """The audio of a controller's segments. Every method is called in the Tk thread and returns at once."""

    def __init__(self, controller: Session, open_output: OpenOutput) -> None:
        self._controller = controller
        self._open_output = open_output
        self._peaks = PassagePeaks(controller.post)
        self._player: Player | None = None
        self._played: tuple[Id, float, float] | None = None
        self._count = 0

    def wave(self, place: int, cursor: int) -> WaveView | None:
        """Return the audio of the segment at a place, with the cursor behind so many characters of its text."""
        segment, dataset = self._controller.segment(place), self._controller.dataset
        reference = self._controller.reference
        if segment is None or dataset is None or not reference:
            return None
        return self._peaks.view(dataset, reference, segment, cursor)

    # playing

    @property
    def time_s(self) -> float | None:
        """What time of the video is heard now, None while nothing is played."""
        return None if self._player is None or self._controller.state.playing is None else self._player.time_s

    def play_or_stop(self, place: int) -> None:
        """Stop what is played, or play the segment at a place."""
        if self._controller.state.playing is None:
            self._play(place)
        else:
            self.stop()

    def set_looping(self, *, looping: bool) -> None:
        """Say whether a passage begins again when it has ended."""
        self._controller.state = replace(self._controller.state, looping=looping)
        if self._player is not None:
            self._player.looping = looping

    def follow(self, place: int) -> None:
        """Play the segment at a place in place of what is played, if it is another, or begins or ends elsewhere now."""
        if self._controller.state.playing is not None:
            segment = self._controller.segment(place)
            if segment is None:
                self.stop()
            elif _limits(segment) != self._played:
                self._play(place)

    def stop(self) -> None:
        """Stop what is played."""
        if self._player is not None:
            self._player.stop()
        self._controller.state = replace(self._controller.state, playing=None)

    def close(self) -> None:
        """Stop and wait until the device is given back. Called by a thread."""
        if self._player is not None:
            self._player.stop()
            self._player.join()

    def _play(self, place: int) -> None:
        controller, before = self._controller, self._player
        segment, dataset, reference = controller.segment(place), controller.dataset, controller.reference
        if segment is None or dataset is None:
            return
        if before is not None:
            before.stop()
        self._count, self._played = self._count + 1, _limits(segment)
        number = self._count

        def ended(failure: Exception | None) -> None:
            controller.post(_end_of(number, failure, dataset, reference, segment))

        start_s, end_s = max(0.0, segment.start_s), max(segment.end_s, segment.start_s + LEAST_S)

        def blocks() -> Iterator[NDArray[np.float32]]:
            from transcripts.passage import audio_blocks  # numpy takes a moment

            if not reference:
                raise PipelineError("The passage can't be played: the dataset does not say where the video is.")
            return audio_blocks(dataset.open_media(reference), start_s, end_s, RATE_HZ)

        self._player = Player(
            Passage(start_s=start_s, end_s=end_s, blocks=blocks), ended, looping=controller.state.looping
        )
        controller.state = replace(controller.state, playing=number)
        self._player.start(self._open_output, before)


def _limits(segment: DatasetSegment) -> tuple[Id, float, float]:
    return segment.id, segment.start_s, segment.end_s


def _end_of(
    number: int, failure: Exception | None, dataset: Dataset, reference: str, segment: DatasetSegment
) -> PlayEnded:
    """Return what comes of playing: without an audio device the browser plays the passage."""
    if not isinstance(failure, NoAudioDeviceError):
        return PlayEnded(number=number, problem="" if failure is None else str(failure))
    try:
        video = dataset.media_uri(reference) if reference else None
        if not isinstance(video, Path):
            return PlayEnded(number=number, problem=f"{failure} The browser can play videos of this computer only.")
        if not video.is_file():
            return PlayEnded(number=number, problem=f"The passage can't be played: there is no file {video}.")
        open_in_browser(video, segment.start_s, segment.end_s, segment.text)
    except (PipelineError, StorageError) as error:
        return PlayEnded(number=number, problem=str(error))
    except OSError as error:
        text = f"The page that plays the passage can't be written ({error.strerror}): make room on the disk."
        return PlayEnded(number=number, problem=text)
    return PlayEnded(number=number, note=f"{failure} The browser plays the passage.")
