"""The window's side of a queue: the videos in it are followed, and this computer may work along. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable

from config import Config
from ui.engine import queue_url
from ui.job_form import FormValues, job_config
from ui.messages import Message
from ui.own_worker import OwnWorker
from ui.queue_follower import QueueFollower
from ui.queue_memory import QueueMemory


class QueueControl:
    """Follows videos and works along, each in threads and processes of their own; every call returns at once."""

    def __init__(self, config: Config, post: Callable[[Message], None]) -> None:
        self.follower = QueueFollower(QueueMemory(config.data_dir), post)
        self._own_worker = OwnWorker(post)

    @property
    def busy(self) -> bool:
        """Whether a cancel has not got to the queue yet, or this computer hands back what it has of it."""
        return self.follower.busy or self._own_worker.busy

    def look(self, values: FormValues, config: Config) -> None:
        """Find out what became of the videos that were put into the queue before."""
        url = queue_url(values.engine, config)
        if url:
            self.follower.look(url)

    def work_along(self, values: FormValues, config: Config) -> None:
        """Let this computer work for the queue or not, as the form says.

        Without a login it leaves what needs one to other machines.
        """
        url, full_config = queue_url(values.engine, config), job_config(values, config)
        if url and values.engine.works_along:
            self._own_worker.work(url, full_config, background=values.advanced.background)
        else:
            self._own_worker.stop()

    def close(self) -> None:
        """Follow nothing any more, and leave the videos in their queues."""
        self.follower.stop()
        self._own_worker.stop()
