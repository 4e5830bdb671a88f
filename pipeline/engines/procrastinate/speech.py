"""The engine of a machine that does not transcribe: it encodes here, and lets a machine with Whisper transcribe.

The transcription is a row of its own, for a machine with the tag `whisper`. The transcript comes back through the
backend's store, and through a table only if one of the two machines has no backend, or an earlier version.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.engines.engine import EncodeInputs, Engine, Listen, RunningTask, TranscriptionInputs
from pipeline.engines.procrastinate.database import Database, until_reached
from pipeline.engines.procrastinate.rows import SPEECH_TAG, TO_STORE, QueueRow, TaskKind
from pipeline.engines.procrastinate.stored_result import StoredResult, stored_from_json
from pipeline.engines.procrastinate.submission import JobQueue, MachineEvent, follow
from pipeline.engines.task_codec import result_from_json, task_to_json
from pipeline.engines.tasks import EncodeResult, EncodeTask, TranscriptionTask
from pipeline.errors import Cancelled, SpeechError
from pipeline.events import JobFinished, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, Outcome
from pipeline.speech.transcript import Transcript

Fetch = Callable[[StoredResult, CancelToken], bytes]
"""Returns the bytes of a result that lies in the backend's store, checked. Raises TransferError, Cancelled."""

LOOK_S = 0.5
"""How often to check for a cancel while no events come, in seconds."""

FIRST = 10
"""The priority of a transcription: the machine that has encoded the video waits for it."""


class QueuedSpeechEngine:
    """Encodes with `here`, and adds transcriptions to the queue.

    Args:
        here: the engine of this machine.
        connect: opens a connection to the queue.
        source: the address of the job's source.
        model: the model's name, or the address of its folder.
        parent: the job that the transcriptions belong to.
        title: the name that people see.
        fetch: reads what lies in the backend's store, None on a machine without a backend.
    """

    def __init__(
        self,
        here: Engine,
        connect: Callable[[], Database],
        *,
        source: str,
        model: str,
        parent: uuid.UUID,
        title: str,
        fetch: Fetch | None = None,
    ) -> None:
        self._here = here
        self._connect = connect
        self._source = source
        self._model = model
        self._parent = parent
        self._title = title
        self._fetch = fetch

    def slots(self, encoder: str) -> int:
        """Return how many encodes keep this machine busy."""
        return self._here.slots(encoder)

    def submit_encode(
        self, task: EncodeTask, folder: Path, inputs: EncodeInputs, listen: Listen
    ) -> RunningTask[EncodeResult]:
        """Begin to encode a chunk here."""
        return self._here.submit_encode(task, folder, inputs, listen)

    def submit_transcription(
        self, task: TranscriptionTask, inputs: TranscriptionInputs, listen: Listen, log: Path | None = None
    ) -> QueuedTranscription:
        """Return a transcription for the queue. The same one of the same job is added once, whoever adds it."""
        content = {"task": task_to_json(task), "source": self._source, "model": self._model}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        row = QueueRow(
            id=uuid.uuid5(self._parent, digest),
            kind=TaskKind.SPEECH,
            title=self._title,
            needs=(SPEECH_TAG,),
            content=content if self._fetch is None else {**content, TO_STORE: True},
            parent=self._parent,
            priority=FIRST,
        )
        return QueuedTranscription(row, self._connect, listen, self._fetch)


class QueuedTranscription:
    """A transcription in the queue. It is added when its result is asked for; `fetch` as in `QueuedSpeechEngine`."""

    def __init__(self, row: QueueRow, connect: Callable[[], Database], listen: Listen, fetch: Fetch | None) -> None:
        self._row = row
        self._connect = connect
        self._listen = listen
        self._fetch = fetch
        self._cancel = CancelToken()

    def cancel(self) -> None:
        """Stop waiting. The transcription goes on while its conversion does: another machine may have that by now."""
        self._cancel.cancel()

    def result(self) -> Transcript:
        """Return the transcript when it is there. Raises SpeechError, TransferError, Cancelled, CodecError."""
        database, listener = self._connect(), self._connect()
        queue = JobQueue(database)
        try:
            id_ = until_reached(lambda: queue.put_again(self._row), self._cancel)
            while (report := until_reached(lambda: self._ended(queue, listener, id_), self._cancel)) is None:
                pass
            if report.outcome is Outcome.CANCELLED:
                raise Cancelled
            if report.outcome is Outcome.FAILED:
                raise SpeechError(report.error or "The transcription failed on another machine.")
            return self._transcript(until_reached(lambda: queue.result(id_), self._cancel))
        finally:
            database.close()
            listener.close()

    def _ended(self, queue: JobQueue, listener: Database, id_: uuid.UUID) -> JobReport | None:
        for told in follow(queue, listener, [id_], LOOK_S):
            for one in told:
                self._tell(one)
                if isinstance(one.event, JobFinished):
                    return one.event.report
            if self._cancel.cancelled:
                queue.cancel_unwanted(id_)
                raise Cancelled
        return None

    def _tell(self, one: MachineEvent) -> None:
        if not isinstance(one.event, JobFinished | LogLine | PhaseStarted | PhaseProgress | PhaseFinished):
            self._listen(one.event)

    def _transcript(self, result: object) -> Transcript:
        stored = stored_from_json(result)
        if stored is not None:
            if self._fetch is None:
                text = "The transcript is in the backend's store: set BACKEND_URL and AUTH_TOKEN in .env."
                raise SpeechError(text)
            result = json.loads(self._fetch(stored, self._cancel))
        found = result_from_json(result, "The transcript from the queue")
        if not isinstance(found, Transcript):
            raise SpeechError("What another machine sent is not a transcript: add the video again.")
        return found
