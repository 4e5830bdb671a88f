"""Whisper's process, with a list of what its child tells."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.speech.child import ChildMessage, WhisperProcess


class WatchedWhisper(WhisperProcess):
    """The real process. `told` is the kind of each answer, in order; `on_answer` is called with it, in its thread."""

    def __init__(self, on_answer: Callable[[str], None] = lambda kind: None) -> None:
        super().__init__()
        self.told: list[str] = []
        self._on_answer = on_answer

    @property
    def loads(self) -> int:
        """How often a model was loaded."""
        return self.told.count("loaded")

    @property
    def pid(self) -> int | None:
        """The child's number, None where there is no child."""
        return None if self._child is None else self._child._process.pid

    def kill(self) -> None:
        """End the child as the system does when memory runs out."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGKILL)

    @contextmanager
    def answers(self, request: Mapping[str, Any], cancel: CancelToken) -> Iterator[Iterator[ChildMessage]]:
        """Pass the answers on, and note them."""
        with super().answers(request, cancel) as found:
            yield self._noted(found)

    def _noted(self, found: Iterator[ChildMessage]) -> Iterator[ChildMessage]:
        for answer in found:
            self.told.append(answer["kind"])
            self._on_answer(answer["kind"])
            yield answer
