"""Reads frames and makes previews in threads; what they have to say goes through `post`. Knows no Tk."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from config import Config
from diagnostics.crash_log import sentence_of
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError
from pipeline.job import Job
from pipeline.media_info import MediaInfo
from ui.folder_services import FolderServices
from ui.frames.messages import FrameRead, PreviewTold
from ui.frames.services import FrameServices
from ui.frames.times import preview_job, strip_times
from ui.messages import Message
from ui.tones import Tone

Post = Callable[[Message], None]


class FrameReader:
    """Every method is called in the Tk thread and returns at once; `strip`, `large` and `preview` are one each: a new
    one ends the one before.
    """

    def __init__(self, frames: FrameServices, folders: FolderServices, post: Post) -> None:
        self._frames = frames
        self._folders = folders
        self._post = post
        self._cancels: dict[str, CancelToken] = {}
        self._kept: tempfile.TemporaryDirectory[str] | None = None

    def strip(self, media: MediaInfo, length_s: float, size: tuple[int, int], config: Config) -> None:
        """Read the frames of the strip, one after the other."""

        def read(cancel: CancelToken) -> None:
            for place, time_s in enumerate(strip_times(length_s)):
                png = self._frames.frame(media, time_s, size, config, cancel)
                self._post(FrameRead(video=media.path, time_s=time_s, place=place, png=png))

        self._begin("strip", read)

    def large(self, media: MediaInfo, time_s: float, size: tuple[int, int], config: Config) -> None:
        """Read the frame that is shown large."""

        def read(cancel: CancelToken) -> None:
            png = self._frames.frame(media, time_s, size, config, cancel)
            self._post(FrameRead(video=media.path, time_s=time_s, place=None, png=png))

        self._begin("large frame", read)

    def preview(self, job: Job, time_s: float, length_s: float, config: Config) -> None:
        """Convert ten seconds with a job's settings and play them in the browser."""

        def read(cancel: CancelToken) -> None:
            self._post(PreviewTold(text="Converting ten seconds…", running=True))
            folder = Path(self._new_folder())
            made = self._frames.preview(preview_job(job, time_s, length_s, folder), config, self._tell, cancel)
            self._folders.watch(made, f"Preview: {job.name}")
            self._post(PreviewTold(text="The preview plays in the browser.", tone=Tone.GOOD))

        self._begin("preview", read)

    def stop_preview(self) -> None:
        """End the preview that is being made."""
        if "preview" in self._cancels:
            self._cancels["preview"].cancel()

    def stop(self) -> None:
        """End all of it."""
        for cancel in self._cancels.values():
            cancel.cancel()

    def _new_folder(self) -> str:
        """Return an empty folder; the one before goes, and the last one with the program."""
        before, self._kept = self._kept, tempfile.TemporaryDirectory(prefix="hls-converter-preview-")
        if before is not None:
            before.cleanup()
        return self._kept.name

    def _tell(self, overall: float) -> None:
        self._post(PreviewTold(text=f"Converting ten seconds… {overall:.0%}", running=True))

    def _begin(self, name: str, work: Callable[[CancelToken], None]) -> None:
        if name in self._cancels:
            self._cancels[name].cancel()
        cancel = self._cancels[name] = CancelToken()
        threading.Thread(target=self._outermost, args=(work, cancel), name=name, daemon=True).start()

    def _outermost(self, work: Callable[[CancelToken], None], cancel: CancelToken) -> None:
        try:
            work(cancel)
        except Cancelled:
            self._post(PreviewTold(text=""))
        except PipelineError as error:
            self._post(PreviewTold(text=str(error), tone=Tone.BAD))
        except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
            self._post(PreviewTold(text=sentence_of(error), tone=Tone.BAD))
