"""Looks into the videos of the list in the background, one after another: their length, and a picture of each."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from config import Config
from diagnostics.crash_log import sentence_of
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError
from pipeline.inputs import Input
from pipeline.job import Job
from ui.list_messages import VideoLooked
from ui.messages import Message
from ui.services import Services
from ui.video_rows import VideoRows


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What is to be looked into."""

    id: str
    job: Job
    config: Config


class VideoLooks:
    """Looks into each video of the list once. Every method is called in the Tk thread and returns at once."""

    def __init__(self, services: Services, post: Callable[[Message], None]) -> None:
        self._services = services
        self._post = post
        self._asked: queue.SimpleQueue[_Look | None] = queue.SimpleQueue()
        self._known: dict[str, str] = {}
        self._cancel = CancelToken()
        self._thread: threading.Thread | None = None
        self.size = (0, 0)

    def follow(self, videos: VideoRows, config: Config) -> None:
        """Look into the videos that are new in the list, or have another source."""
        for row in videos.rows.values():
            if self._known.get(row.id) != row.job.origin:
                self._known[row.id] = row.job.origin
                self._asked.put(_Look(id=row.id, job=row.job, config=config))
        self._known = {id_: origin for id_, origin in self._known.items() if id_ in videos.rows}
        if self._thread is None and self._known:
            self._thread = threading.Thread(target=self._run, name="looks", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Look no further."""
        self._cancel.cancel()
        self._asked.put(None)

    # the thread

    def _run(self) -> None:
        while not self._cancel.cancelled and (look := self._asked.get()) is not None:
            if self._known.get(look.id) != look.job.origin:  # removed meanwhile
                continue
            try:
                self._post(self._looked(look))
            except Cancelled:
                return
            except PipelineError as error:
                self._post(VideoLooked(id=look.id, problem=str(error)))
            except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
                self._post(VideoLooked(id=look.id, problem=sentence_of(error)))

    def _looked(self, look: _Look) -> VideoLooked:
        job = look.job
        video = Input(source=job.source, slug=job.slug, address=job.address)
        media = self._services.describe_source(video, look.config)
        picture = b""
        if job.address is None and self.size != (0, 0):  # one elsewhere would have to be fetched for that
            picture = self._services.rows.picture(media, self.size, look.config, self._cancel)
        length_s = media.readable_s if media.duration_s is None else media.duration_s
        return VideoLooked(id=look.id, length_s=length_s, picture=picture)
