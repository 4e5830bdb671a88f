"""`models`: the Whisper models on this computer: which are there, fetching one, deleting one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from cli.interrupts import PATIENCE_S, on_interrupt
from cli.main import EXIT_DONE
from cli.printing import draws_bars, size_text, write_event, write_table
from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import DownloadProgress, download_note, download_text, get_model

STEPS = 10
"""Where no person looks at the output, a line comes at every tenth."""

Show = Callable[[DownloadProgress], None]


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked for."""
    ACTIONS[options.action](options)
    return EXIT_DONE


def _list(options: argparse.Namespace) -> None:
    from pipeline.speech.model_cache import known_names, state_text, stored_models

    stored = stored_models()
    if options.json:
        for model in stored:
            write_event(
                "model",
                {
                    "name": model.name,
                    "state": model.state.value,
                    "size_bytes": model.size_bytes,
                    "folder": str(model.folder),
                },
            )
        return
    if stored:
        rows = [(model.name, state_text(model), size_text(model.size_bytes), str(model.folder)) for model in stored]
        write_table(("Name", "State", "Size", "Folder"), rows)
    else:
        sys.stdout.write("No Whisper model is on this computer yet; the first transcription fetches one.\n")
    sys.stdout.write(f"`models get NAME` fetches one of: {', '.join(known_names())}\n")


def _get(options: argparse.Namespace) -> None:
    cancel = CancelToken()
    with (
        on_interrupt(cancel.cancel, patience_s=PATIENCE_S),
        _progress(options.name) as show,
        WhisperProcess() as whisper,
    ):
        try:
            folder = get_model(whisper, options.name, cancel, on_download=show)
        except Cancelled as error:
            raise KeyboardInterrupt from error
    sys.stdout.write(f"The Whisper model '{options.name}' is whole, each file with the hub's checksum: {folder}\n")


def _delete(options: argparse.Namespace) -> None:
    from pipeline.speech.model_cache import delete_model

    size = size_text(delete_model(options.name))
    sys.stdout.write(f"The Whisper model '{options.name}' was deleted ({size}); a job that needs it fetches it.\n")


ACTIONS: Mapping[str, Callable[[argparse.Namespace], None]] = {"list": _list, "get": _get, "delete": _delete}


@contextmanager
def _progress(name: str) -> Iterator[Show]:
    """Yield what shows how far a download is: a bar on a terminal, lines elsewhere."""
    if not draws_bars():
        yield _Lines(name).show
        return
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(TextColumn("{task.description}", markup=False), BarColumn()) as progress:
        task = progress.add_task(download_text(name, DownloadProgress()), total=None)
        yield lambda now: progress.update(
            task, total=now.total_bytes or None, completed=now.done_bytes, description=download_text(name, now)
        )


class _Lines:
    """Writes a line at the beginning and at every tenth."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next = 0

    def show(self, progress: DownloadProgress) -> None:
        """Write a line where there is something new to say."""
        if not self._next:
            self._next = 1
            sys.stdout.write(download_note(self._name, progress) + "\n")
        reached = STEPS * progress.done_bytes // (progress.total_bytes or 1)
        if reached >= self._next:
            self._next = reached + 1
            sys.stdout.write(download_text(self._name, progress) + "\n")
            sys.stdout.flush()
