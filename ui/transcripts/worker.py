"""The threads behind the editor's window. They open, read, save and close; they never call Tk."""

from __future__ import annotations

import threading
from collections.abc import Callable

from diagnostics.crash_log import sentence_of
from pipeline.errors import PipelineError
from storage import StorageError
from ui.transcripts.messages import EditorMessage

Post = Callable[[EditorMessage], None]


def in_thread(
    name: str, work: Callable[[], EditorMessage | None], failed: Callable[[Exception, str], EditorMessage], post: Post
) -> threading.Thread:
    """Do something off the Tk thread and post what comes of it; return the thread.

    Args:
        name: the thread's name.
        work: returns the answer, None for nothing; may take long, may raise PipelineError or StorageError.
        failed: turns an error and its sentence into the answer.
        post: takes the answer.
    """

    def outermost() -> None:
        try:
            answer = work()
        except (PipelineError, StorageError) as error:
            answer = failed(error, str(error))
        except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
            answer = failed(error, sentence_of(error))
        if answer is not None:
            post(answer)

    thread = threading.Thread(target=outermost, name=name, daemon=True)
    thread.start()
    return thread
