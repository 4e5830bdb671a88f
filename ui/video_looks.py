"""Looks into the videos of the list in the background, one after another: their length, a picture, then damage."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from config import Config
from diagnostics.crash_log import sentence_of
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError
from pipeline.inputs import Input
from pipeline.job import Job
from pipeline.media_info import MediaInfo
from pipeline.priority import work_in_background
from ui.list_messages import VideoLooked, VideoSearched
from ui.messages import Message, SourceOptions
from ui.services import Services
from ui.source_view import SourceView, treated
from ui.video_rows import VideoRows

IDLE_S = 0.2
"""How long nothing must be asked before damage is looked for, in seconds."""


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
        self._unsearched: deque[tuple[_Look, MediaInfo]] = deque()
        self._searches = threading.Event()
        self._search = CancelToken()
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

    def search(self, wanted: bool) -> None:
        """Look for damage from now on, or not while something is converted, which finds it itself."""
        if wanted:
            self._searches.set()
        elif self._searches.is_set():
            self._searches.clear()
            self._search.cancel()

    def close(self) -> None:
        """Look no further."""
        self._cancel.cancel()
        self.search(False)
        self._asked.put(None)

    # the thread

    def _run(self) -> None:
        while not self._cancel.cancelled:
            try:
                look = self._asked.get(timeout=IDLE_S)
            except queue.Empty:
                self._search_next()
                continue
            if look is None:
                return
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
        if job.address is None:
            self._unsearched.append((look, media))
        length_s = media.readable_s if media.duration_s is None else media.duration_s
        return VideoLooked(id=look.id, length_s=length_s, picture=picture)

    def _search_next(self) -> None:
        """Look for damage in the next video, giving way to other programs; one that is cut short is looked at again."""
        if not self._unsearched or not self._searches.is_set():
            return
        look, media = self._unsearched[0]
        if self._known.get(look.id) != look.job.origin:
            self._unsearched.popleft()
            return
        self._search = CancelToken()
        if not self._searches.is_set():
            return
        work_in_background(True)
        try:
            found = self._services.find_damage(media, look.config, self._search)
        except Cancelled:
            return
        except PipelineError:  # nothing is said of it: the job itself finds what can't be read
            found = None
        self._unsearched.popleft()
        source = treated(SourceView(media=media, searched=found), SourceOptions())
        self._post(VideoSearched(id=look.id, damage=source.damage_found if source.in_the_way else ""))
