"""What came of the parts of a long work, on disk while it goes on: after a kill, the next run goes on from there.

A file of JSON lines that only grows: the key of the work first, then a line for each part that is done. A line that a
kill or a power cut has broken is not read, nor is what follows it. Knows nothing of what the parts are.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from pipeline.errors import OutputError
from pipeline.files import write_whole

SCHEMA = 1
SYNC_S = 10.0
"""How often the lines are made safe from a power cut. From a kill each is safe at once."""


class WorkLog:
    """The file of one piece of work, open for as long as the block around it lasts; it stays for the next run.

    `key` says of which work it is: of another, nothing is read. `path` None keeps nothing. `done` is the result of each
    part that is done, by its name. Raises OutputError when it can't be written.
    """

    def __init__(self, path: Path | None, key: str) -> None:
        self.done: dict[str, Any] = {}
        self._path = path
        self._head = {"schema": SCHEMA, "key": key}
        self._file: IO[str] | None = None
        self._synced_s = 0.0

    def __enter__(self) -> WorkLog:
        if self._path is None:
            return self
        self.done = self._read(self._path)
        lines = [self._head, *({"part": part, "result": result} for part, result in self.done.items())]
        write_whole(self._path, "".join(json.dumps(line) + "\n" for line in lines))
        self._synced_s = time.monotonic()
        try:
            self._file = self._path.open("a", encoding="utf-8", newline="\n")
        except OSError as error:
            raise _unwritable(self._path, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, part: str, result: object) -> None:
        """Note that a part is done, with what came of it, which JSON can hold. Raises OutputError."""
        self.done[part] = result
        if self._file is None or self._path is None:
            return
        try:
            self._file.write(json.dumps({"part": part, "result": result}) + "\n")
            self._file.flush()
            now_s = time.monotonic()
            if now_s - self._synced_s >= SYNC_S:
                os.fsync(self._file.fileno())
                self._synced_s = now_s
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def _read(self, path: Path) -> dict[str, Any]:
        done: dict[str, Any] = {}
        try:
            with path.open("rb") as file:
                if json.loads(file.readline()) != self._head:
                    return {}
                for text in file:
                    line = json.loads(text)
                    done[str(line["part"])] = line["result"]
        except (OSError, ValueError, RecursionError, KeyError, TypeError):
            return done
        return done


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path} can't be written ({error.strerror}): free some space and start again.")
