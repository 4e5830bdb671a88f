"""Follows the videos in queues that this window has put there, in a thread for each queue. Never calls Tk."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from pipeline.cluster_access import queue_database
from pipeline.errors import PipelineError
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from ui.messages import LogEntry, Message
from ui.queue_memory import QueuedVideo, QueueMemory
from ui.queue_messages import QueueStanding, QueueTold, VideoQueued, VideoStanding

if TYPE_CHECKING:
    from pipeline.cluster_waiting import JobWaiting
    from pipeline.engines.procrastinate.open_jobs import OpenJob
    from pipeline.engines.procrastinate.submission import JobQueue, MachineEvent

logger = logging.getLogger(__name__)

Post = Callable[[Message], None]

RETRY_S = 1.0
"""How long to wait before a queue that is away is asked again, in seconds."""


class QueueFollower:
    """Follows videos until they have ended or the window is closed, which leaves them in their queues."""

    def __init__(self, memory: QueueMemory, post: Post) -> None:
        self._memory = memory
        self._post = post
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._unwanted: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether a queue does not know yet of a video that shall be cancelled."""
        return any(line.busy for line in self._all())

    def look(self, url: str) -> None:
        """Find the videos again that were put into a queue before."""
        self._line(url)

    def follow(self, url: str, video: QueuedVideo) -> None:
        """Follow a video that was just added. Never called in the Tk thread. Raises SettingsError."""
        self._line(url).add(video)
        self._memory.add(queue_database(url).place, video)

    def cancel(self, id_: str) -> None:
        """Cancel a video in its queue, whichever machine has it, also one that is not followed yet."""
        with self._lock:
            self._unwanted.add(id_)
        for line in self._all():
            line.cancel(id_)

    def stop(self) -> None:
        """Follow nothing any more."""
        for line in self._all():
            line.stop()

    def _line(self, url: str) -> _Line:
        with self._lock:
            if url not in self._lines or not self._lines[url].alive:
                self._lines[url] = _Line(url, self._memory, self._post, self._unwanted)
            return self._lines[url]

    def _all(self) -> list[_Line]:
        with self._lock:
            return list(self._lines.values())


class _Line:
    """One queue, and the thread that follows it. Videos that are `unwanted`, of any queue, are cancelled if it has
    them.
    """

    def __init__(self, url: str, memory: QueueMemory, post: Post, unwanted: Iterable[str]) -> None:
        self._url = url
        self._memory = memory
        self._post = post
        self._lock = threading.Lock()
        self._new: list[QueuedVideo] = []
        self._titles: dict[str, str] = {}
        self._unwanted = set(unwanted)
        self._said: set[str] = set()
        self._place = ""
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._waiting: JobWaiting | None = None
        self._thread = threading.Thread(target=self._outermost, name="queue", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def busy(self) -> bool:
        waiting = self._waiting
        return self.alive and bool(self._unwanted or (waiting is not None and waiting.unwanted))

    def add(self, video: QueuedVideo) -> None:
        with self._lock:
            self._new.append(video)
        self._wake.set()

    def cancel(self, id_: str) -> None:
        with self._lock:
            self._unwanted.add(id_)
        self._wake.set()

    def stop(self) -> None:
        self._stopped.set()
        self._wake.set()

    # what `JobWaiting` tells, in the thread

    def told(self, one: MachineEvent) -> None:
        """Hand an event on."""
        id_, event = str(one.job), one.event
        if isinstance(event, LogLine | PhaseStarted | PhaseProgress | PhaseFinished | JobFinished):
            self._post(QueueTold(id=id_, title=self._titles[id_], machine=one.machine, event=event))
        if isinstance(event, JobFinished):
            self._memory.remove(self._place, id_)

    def standing(self, jobs: Sequence[OpenJob]) -> None:
        """Say where they stand; why nobody takes some of them is a line of the log, once."""
        from pipeline.engines.procrastinate.submission import reasons_of

        reasons = {reason.text for reason in reasons_of(jobs)}
        for text in sorted(reasons - self._said):
            self._post(LogEntry(text=text, level=LogLevel.WAITING))
        self._said = reasons
        hears_not = {job.conversion: job.why_not for job in jobs if job.parent is not None}
        videos = tuple(
            VideoStanding(id=str(job.id), machine=job.machine, why_not=job.why_not, hears_not=hears_not.get(job.id, ""))
            for job in jobs
            if job.parent is None
        )
        self._post(QueueStanding(videos=videos))

    def away(self, reason: str) -> None:
        """Say that the queue is away."""
        text = f"{reason} The videos in it go on; waiting for it."
        self._post(LogEntry(text=text, level=LogLevel.WARNING))

    # the thread

    def _outermost(self) -> None:
        try:
            self._run()
        except PipelineError as error:
            self._post(LogEntry(text=str(error), level=LogLevel.ERROR))
        except Exception as error:  # the thread's outermost frame: the window must hear of it
            logger.error("unexpected error while a queue was followed", exc_info=error)
            self._post(LogEntry(text=f"The queue can't be followed ({error}).", level=LogLevel.ERROR))

    def _run(self) -> None:
        with closing(queue_database(self._url)) as database, closing(queue_database(self._url)) as bell:
            from pipeline import cluster_waiting
            from pipeline.engines.procrastinate import submission

            self._place = database.place
            queue = submission.JobQueue(database)
            waiting = self._waiting = cluster_waiting.JobWaiting(queue, bell, self)
            found = self._found(queue)
            self._take_new(waiting)
            for video in found:
                if video.id not in self._titles:
                    self._post(VideoQueued(video=video, found=True))
                    self._take(video, waiting)
            while not self._stopped.is_set() or self._unwanted or waiting.unwanted:
                self._take_new(waiting)
                if waiting.open:
                    waiting.turn()
                elif not self._stopped.is_set():
                    self._wake.wait()
                    self._wake.clear()

    def _found(self, queue: JobQueue) -> list[QueuedVideo]:
        """Return the videos of an earlier start that the queue still knows."""
        from pipeline.engines.procrastinate.database import QueueUnreachableError

        videos, told = self._memory.videos(self._place), False
        while videos and not self._stopped.is_set():
            try:
                known = queue.known([uuid.UUID(video.id) for video in videos])
            except QueueUnreachableError as error:
                if not told:
                    self.away(str(error))
                told = True
                self._stopped.wait(RETRY_S)
                continue
            for video in videos:
                if uuid.UUID(video.id) not in known:
                    self._memory.remove(self._place, video.id)
            return [video for video in videos if uuid.UUID(video.id) in known]
        return []

    def _take_new(self, waiting: JobWaiting) -> None:
        with self._lock:
            new, self._new = self._new, []
        for video in new:
            self._take(video, waiting)
        with self._lock:
            unwanted = set(self._unwanted)
        waiting.cancel([uuid.UUID(id_) for id_ in unwanted])
        with self._lock:
            self._unwanted -= unwanted

    def _take(self, video: QueuedVideo, waiting: JobWaiting) -> None:
        self._titles[video.id] = video.title
        waiting.add([uuid.UUID(video.id)])
