"""The list of videos of this computer: what the editor does with it, done in the queue's file. Never calls Tk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from config import Config
from diagnostics.crash_log import sentence_of
from pipeline.errors import PipelineError, SourceError
from pipeline.events import LogLevel
from pipeline.files import read_file, write_whole
from pipeline.inputs import Input
from pipeline.job import Job
from pipeline.presets.library import read_library
from ui.destination import TypedDestination
from ui.gathering import gather
from ui.job_form import FormValues, destination, form_problems, job_config, to_job
from ui.list_messages import FormAdded, NotAdded, StoredVideo, VideosListed
from ui.messages import LogEntry, Message
from ui.preset_form import row_label
from ui.services import Services
from ui.stored_rows import StoredRows

if TYPE_CHECKING:
    from pipeline.job_list import ListChange
    from pipeline.job_store import JobStore

LOOK_S = 1.0
"""How often the file is looked at for what other processes have changed, in seconds."""

Work = Callable[["JobStore"], Sequence[str] | None]
"""Something that is done in the file; it may return the rows that are to be selected."""


class ListFile:
    """Does what is asked one after another in a thread of its own, and posts what the list then is.

    Every method returns at once. Without a folder for data the list lives as long as the window.
    """

    def __init__(
        self,
        services: Services,
        config: Config,
        post: Callable[[Message], None],
        *,
        changed: Callable[[], None] = lambda: None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed` is called, in the list's thread, after something was done in the file, and `ended` before the file
        is closed.
        """
        self._services = services
        self._config = config
        self._post = post
        self._changed = changed
        self._ended = ended
        self._asked: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._pending = 0
        self._closed = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._last: tuple[StoredVideo, ...] | None = None
        self._rows = StoredRows(config.data_dir)

    @property
    def busy(self) -> bool:
        """Whether something that was asked is not done yet."""
        with self._lock:
            return self._pending > 0

    def open(self) -> None:
        """Find the videos that are in the list."""
        self._ask(lambda _: None)

    def close(self) -> None:
        """Do what was asked, and then nothing any more."""
        self._closed = True
        if self._thread is not None:
            self._asked.put(None)

    def add(self, named: Sequence[str], values: FormValues, config: Config, *, held: bool, own: bool = False) -> None:
        """Add the videos that paths and addresses name, with the settings of the form.

        They wait to be started if `held`. `own` says that it is the video that stands in the form, of which also the
        part and the destination are its own.
        """

        def work(store: JobStore) -> None:
            problems = [one.text for one in form_problems(replace(values, source="-", output_dir="-"))]
            output = Path(values.output_dir) if values.output_dir else None
            gathered = gather(named, output=output) if not problems else None
            for text in problems:
                self._post(NotAdded(text=f"Nothing was added. {text}"))
            if gathered is None:
                return
            if gathered.left_out:
                self._post(NotAdded(text=" ".join(gathered.left_out)))
            names = self._names(values)
            jobs = [listed_job(values, video, names, own=own) for video in gathered.videos]
            url = job_config(values, config).backend.url
            store.listed.add(jobs, held=held, backend_url=url, label=self._label(values))
            if own and jobs:
                self._post(FormAdded(source=values.source))

        self._ask(work)

    def replace(self, id_: str, job: Job, backend_url: str, values: FormValues, *, other_names: bool = False) -> None:
        """Give a video other settings, those of the form; with `other_names` those in the form's file of names, too."""

        def work(store: JobStore) -> None:
            new, speech = job, job.transcription
            if other_names and speech is not None:
                try:
                    new = replace(job, transcription=replace(speech, names=self._names(values)))
                except PipelineError as error:
                    self._post(NotAdded(text=str(error), title=f"{job.source.name} keeps the names that it had."))
            self._tell(store.listed.replace(id_, new, backend_url=backend_url, label=self._label(values)))

        self._ask(work)

    def answer(self, id_: str, answered: Callable[[Job], Job | None]) -> None:
        """Give a video the answer to what it has asked; its settings stay, also those that it was given just now."""
        self._change(lambda store: _answer(store, id_, answered))

    def take(self, jobs: Sequence[tuple[Job, str]]) -> None:
        """Take jobs that are in the queue already into the list, each with the address that it uploads to."""

        def work(store: JobStore) -> None:
            for job, backend_url in jobs:
                store.listed.add([job], held=True, backend_url=backend_url)

        self._ask(work)

    def remove(self, ids: Sequence[str]) -> None:
        """Take videos out of the list."""
        self._change(lambda store: store.listed.remove(ids))

    def move(self, ids: Sequence[str], before: str) -> None:
        """Move videos before another one, to the end where that is empty."""
        self._change(lambda store: store.listed.move(ids, before=before or None))

    def hold(self, ids: Sequence[str]) -> None:
        """Stop videos, and keep what is made of them."""
        self._change(lambda store: store.listed.hold(ids))

    def cancel(self, ids: Sequence[str]) -> None:
        """Cancel videos."""

        def work(store: JobStore) -> None:
            for id_ in ids:
                store.cancel(id_)

        self._ask(work)

    def begin(self, ids: Sequence[str], then: Callable[[JobStore], None]) -> None:
        """Let videos begin in their turn, and then do something; those that have ended are tried again."""

        def work(store: JobStore) -> None:
            try:
                ended = [one.id for one in store.of(list(ids)) if one.state.ended]
                again = [id_ for id_ in ended if store.retry(id_)]
                self._tell(store.listed.start([id_ for id_ in ids if id_ not in ended or id_ in again]))
            finally:
                then(store)

        self._ask(work)

    def duplicate(self, ids: Sequence[str]) -> None:
        """Add copies of videos, with folders of their own; they are selected."""

        def work(store: JobStore) -> list[str]:
            copies: list[str] = []
            for id_ in ids:
                change = store.listed.duplicate(id_)
                self._tell(change)
                copies += change.ids
            return copies

        self._ask(work)

    def export(self, path: Path) -> None:
        """Write those that have not ended into a file, which `queue import` reads, too."""

        def work(store: JobStore) -> None:
            from pipeline.list_file import rows_to_text

            rows = [row for row in store.listed.rows() if row.listed and not row.state.ended]
            write_whole(path, rows_to_text(rows))
            self._post(LogEntry(text=f"{len(rows)} videos of the list were written to {path}"))

        self._ask(work)

    def import_from(self, path: Path) -> None:
        """Add the videos of such a file, all or none; they wait to be started."""

        def work(store: JobStore) -> None:
            from pipeline.list_file import LARGEST_BYTES, rows_from_bytes

            try:
                content = read_file(path, LARGEST_BYTES + 1)
            except OSError as error:
                text = f"{path} can't be read ({error.strerror}): check its name and its permissions."
                raise SourceError(text) from error
            rows = [replace(row, held=True) for row in rows_from_bytes(content, path.name)]
            store.listed.add_rows(rows, here=path.absolute().parent)

        self._ask(work)

    def _change(self, change: Callable[[JobStore], ListChange]) -> None:
        self._ask(lambda store: self._tell(change(store)))

    def _tell(self, change: ListChange) -> None:
        for text in change.refused:
            self._post(LogEntry(text=text, level=LogLevel.WARNING))

    def _label(self, values: FormValues) -> str | None:
        return row_label(values, read_library(self._config.data_dir)) or None

    def _names(self, values: FormValues) -> tuple[str, ...]:
        """Return the names that Whisper's words are corrected by. Raises PipelineError."""
        if not values.transcribe or not values.speech.names_file:
            return ()
        return self._services.names_in(Path(values.speech.names_file))

    def _ask(self, work: Work) -> None:
        if self._closed:
            return
        with self._lock:
            self._pending += 1
        self._asked.put(work)
        if self._thread is None:
            self._thread = threading.Thread(target=self._outermost, name="list", daemon=True)
            self._thread.start()

    # the thread

    def _outermost(self) -> None:
        from pipeline.claims import open_store  # with the queue's file

        try:
            with open_store(self._config.data_dir, self._warn) as store:
                self._run(store)
                self._ended()
        except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
            self._warn(sentence_of(error))

    def _run(self, store: JobStore) -> None:
        mark = None
        while True:
            try:
                work = self._asked.get(timeout=LOOK_S)
            except queue.Empty:
                if store.mark() != mark:
                    mark = store.mark()
                    self._show(store, ())
                continue
            if work is None:
                return
            selected: Sequence[str] = ()
            try:
                selected = work(store) or ()
                self._changed()
            except PipelineError as error:
                self._post(NotAdded(text=str(error)))
            self._show(store, selected)
            mark = store.mark()
            with self._lock:
                self._pending -= 1

    def _show(self, store: JobStore, selected: Sequence[str]) -> None:
        try:
            videos = self._rows.videos(store)
        except PipelineError as error:
            self._warn(str(error))
            return
        if videos != self._last or selected:
            self._last = videos
            self._post(VideosListed(videos=videos, selected=tuple(selected)))

    def _warn(self, text: str) -> None:
        self._post(LogEntry(text=text, level=LogLevel.WARNING))


def _answer(store: JobStore, id_: str, answered: Callable[[Job], Job | None]) -> ListChange:
    """Change a row as its question was answered."""
    from pipeline.job_list import ListChange

    row = next((one for one in store.listed.rows() if one.id == id_), None)
    job = None if row is None else row.job
    new = answered(job) if isinstance(job, Job) else None
    if row is None or new is None:
        return ListChange()
    return store.listed.replace(id_, new, backend_url=row.backend_url, label=row.label)


def listed_job(values: FormValues, video: Input, names: tuple[str, ...], *, own: bool) -> Job:
    """Return the job of a video with the settings of the form.

    Unless it is the form's `own`, the form's title, part, captions and destination are another video's: it is the whole
    of it, below the base of the destination. Where no output folder is chosen, it is that of the video.
    """
    if not own:
        base = destination(values).base
        typed = TypedDestination(typed=base, suggested_from=None)
        values = replace(
            values,
            title="",
            part_from="",
            part_to="",
            captions="",
            destination=typed.of(video.slug) if base else "",
            suggested_from="",
        )
    if not values.output_dir:
        values = replace(values, output_dir=str(video.source.absolute().parent))
    return to_job(values, video, None, names)
