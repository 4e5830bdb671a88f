"""A pipeline for the window's tests: its answers and its run are set by each test."""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from keyring.backend import KeyringBackend

from config import BackendApi, Config
from pipeline.batch_callbacks import RunContext
from pipeline.cancel import CancelToken
from pipeline.cluster_adding import AddedJob
from pipeline.errors import Cancelled, DestinationTakenError, PipelineError, Problem
from pipeline.events import Event, JobFinished, LogLine, PhaseFinished, PhaseProgress, PhaseStarted, Sink
from pipeline.folder_results import FolderResults
from pipeline.inputs import Input
from pipeline.job import DatasetRequest, Encryption, Existing, Job, UploadJob, UploadRequest
from pipeline.job_history import HistoryEntry
from pipeline.media.source.damage import Damage
from pipeline.media_info import AudioStream, MediaInfo, VideoStream
from pipeline.model import Connection, JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.plan import make_plan
from pipeline.preflight_answers import (
    DestinationTaken,
    PreflightAnswer,
    Ready,
    ReplaceFolder,
    ResumeUpload,
    refused_by,
)
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import AskToken
from pipeline.transfer.manifests.verify import Verification
from pipeline.transfer.upload.backend_answers import BackendAnswers
from pipeline.transfer.upload.earlier_upload import PreviousUpload
from pipeline.unfinished import UnfinishedJob
from ui.folder_services import RealFolders
from ui.services import PipelineServices

CONFIGURED = Config(backend=BackendApi(url="https://api.example.com", token="t" * 32))
NOT_CONFIGURED = Config()
DEADLINE_S = 60.0
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNoaGBoaAAABgYCASzBUNcAAAAASUVORK5CYII="
)
"""A PNG of 2x2 grey pixels."""


def media_info(
    path: Path = Path("lesson01.mp4"), *, width: int = 1280, height: int = 720, audio: bool = True
) -> MediaInfo:
    """Return what a probe would find in an ordinary video."""
    video = VideoStream(
        codec="h264",
        width=width,
        height=height,
        coded_width=width,
        coded_height=height,
        rotation=0,
        sample_aspect_ratio=Fraction(1),
        frame_rate=Fraction(25),
        pixel_format="yuv420p",
        colour_primaries="bt709",
        colour_transfer="bt709",
        colour_space="bt709",
        bit_rate=4_000_000,
        start_s=0.0,
        duration_s=14.0,
    )
    track = AudioStream(
        codec="aac", channels=2, sample_rate_hz=48000, language=None, bit_rate=128_000, start_s=0.0, duration_s=14.0
    )
    return MediaInfo(
        path=path,
        size_bytes=7_000_000,
        container="mp4",
        duration_s=14.0,
        video=video,
        audio=(track,) if audio else (),
    )


RunJob = Callable[[Plan, Sink, CancelToken], None]


def report(
    plan: Plan, outcome: Outcome = Outcome.DONE, *, error: str = "", warnings: tuple[str, ...] = ()
) -> JobReport:
    """Return the report of a job that ended."""
    job = plan.job
    return JobReport(
        slug=job.slug,
        source=job.source,
        folder=job.output_dir / job.slug,
        outcome=outcome,
        error=error,
        warnings=warnings,
    )


def succeed(plan: Plan, sink: Sink, cancel: CancelToken) -> None:
    """Run every phase of a plan at once and well."""
    for number, phase in enumerate(plan.phases):
        sink(PhaseStarted(job="lesson01", phase=phase, overall=number / len(plan.phases)))
        sink(
            PhaseFinished(
                job="lesson01", phase=phase, outcome=PhaseOutcome.DONE, overall=(number + 1) / len(plan.phases)
            )
        )
    sink(JobFinished(report=report(plan)))


class HaltedStep:
    """A run that a test leads by the hand: it stops at `reach` until the test lets it go on."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._go = threading.Event()

    def hold(self, cancel: CancelToken) -> None:
        """Wait here, in the run's thread, for the test or for a cancel, which raises."""
        with cancel.on_cancel(self._go.set):
            self._arrived.set()
            assert self._go.wait(DEADLINE_S)
        cancel.check()

    def wait_until_reached(self) -> None:
        """Be sure, in the test's thread, that the run waits."""
        assert self._arrived.wait(DEADLINE_S)

    def release(self) -> None:
        """Let the run go on."""
        self._go.set()


class MemoryKeychain(KeyringBackend):
    """A keychain in memory that fails as it is told and waits at a gate."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.writes = 0
        self.error: Exception | None = None
        self.gate: threading.Event | None = None

    def _open(self) -> None:
        if self.gate is not None:
            assert self.gate.wait(DEADLINE_S)
        if self.error is not None:
            raise self.error

    def get_password(self, service, username):
        """Return an entry."""
        self._open()
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        """Keep an entry."""
        self._open()
        self.writes += 1
        self.entries[service, username] = password

    def delete_password(self, service, username):
        """Remove an entry."""
        self._open()
        del self.entries[service, username]


CONNECTED = Connection(text="Connected to https://api.example.com. The token is valid.")


@dataclass
class FakeServices:
    """Answers as told. Faults are set as exceptions."""

    media: MediaInfo | PipelineError = field(default_factory=media_info)
    run: RunJob = succeed
    problems: tuple[Problem, ...] = ()
    conflict: str | None = None
    previous: PreviousUpload | None = None
    taken: DestinationTakenError | None = None
    connection: Connection | Exception = CONNECTED
    connection_gate: threading.Event | None = None
    output_error: PipelineError | None = None
    dataset_error: PipelineError | None = None
    plan_error: Exception | None = None
    speeds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    folder_error: PipelineError | None = None
    frame_error: PipelineError | None = None
    previews: list[Job] = field(default_factory=list)
    preview_step: HaltedStep | None = None
    ended: tuple[HistoryEntry, ...] = ()
    folder_upload: Callable[[UploadJob, Sink, CancelToken], JobReport] | None = None
    queue_error: PipelineError | None = None
    damage: Damage = field(default_factory=Damage)
    searches_on: bool = False
    searches: list[tuple[Path, CancelToken]] = field(default_factory=list)
    unfinished: tuple[UnfinishedJob, ...] = ()
    forgotten: list[str] = field(default_factory=list)
    sleeps: int = 0
    awake_now: int = 0
    queued: list[tuple[str, Job]] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    configs: list[Config] = field(default_factory=list)
    opened: list[Path] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    control: TransferControl | None = None
    ask_token: AskToken | None = None

    @property
    def rows(self) -> FakeServices:
        """What the list asks is answered here, too."""
        return self

    def model_names(self) -> tuple[str, ...]:
        """Return three names."""
        return ("tiny", "base", "small")

    def measured_speeds(self, config: Config) -> Mapping[str, tuple[float, ...]]:
        """Know nothing, as a new machine."""
        return self.speeds

    def describe_source(self, video: Input, config: Config) -> MediaInfo:
        """Return or raise what the test set."""
        self.threads.add(threading.current_thread().name)
        if isinstance(self.media, PipelineError):
            raise self.media
        return replace(self.media, path=video.source)

    def picture(self, media: MediaInfo, size: tuple[int, int], config: Config, cancel: CancelToken) -> bytes:
        """Return none."""
        return b""

    def find_damage(self, media: MediaInfo, config: Config, cancel: CancelToken) -> Damage:
        """Return what the test set, or search until it is cancelled."""
        self.searches.append((media.path, cancel))
        if self.searches_on:
            cancel.wait(DEADLINE_S)
            cancel.check()
        return self.damage

    def upload_problems(self, config: Config, request: UploadRequest) -> list[Problem]:
        """Return what the test set."""
        return list(self.problems)

    def encryption_problems(self, encryption: Encryption) -> tuple[Problem, ...]:
        """Look at the real file."""
        return PipelineServices().encryption_problems(encryption)

    def names_in(self, path: Path) -> tuple[str, ...]:
        """Read them from the disk."""
        return PipelineServices().names_in(path)

    def check_output(self, folder: Path) -> None:
        """Raise what the test set."""
        if self.output_error is not None:
            raise self.output_error

    def check_dataset(self, request: DatasetRequest, config: Config) -> None:
        """Raise what the test set."""
        if self.dataset_error is not None:
            raise self.dataset_error

    def check_job(self, job: Job, config: Config, cancel: CancelToken) -> PreflightAnswer[Plan]:
        """Plan with the real planner, or fail as the test set."""
        try:
            if self.plan_error is not None:
                raise self.plan_error
            plan = make_plan(
                job, self.describe_source(Input(source=job.source, slug=job.slug, address=job.address), config)
            )
        except PipelineError as error:
            return refused_by(error)
        return self.check_plan(plan, config, cancel)

    def check_for_queue(self, job: Job, config: Config, cancel: CancelToken) -> PreflightAnswer[Plan]:
        """Do as for this computer, but ask nothing about its folders."""
        return self.check_job(replace(job, existing=Existing.RESUME), config, cancel)

    def unfinished_jobs(self, config: Config) -> tuple[UnfinishedJob, ...]:
        """Return what the test set, without what was forgotten."""
        return tuple(one for one in self.unfinished if one.id not in self.forgotten)

    def forget_job(self, id: str, config: Config) -> None:
        """Note the job."""
        self.forgotten.append(id)

    def put_in_queue(
        self, job: Job, url: str, config: Config, sink: Sink, cancel: CancelToken, *, control: TransferControl
    ) -> AddedJob:
        """Note the job and its queue, or raise what the test set."""
        if self.queue_error is not None:
            raise self.queue_error
        sink(LogLine(job=job.slug, text=f"Sending {job.source.name}"))
        self.queued.append((url, job))
        return AddedJob(id=uuid.uuid4(), title=job.slug, is_new=True)

    def check_plan(self, plan: Plan, config: Config, cancel: CancelToken) -> PreflightAnswer[Plan]:
        """Ask what the test set and the job does not answer."""
        taken, previous = self.taken, self.previous
        asked = plan.job.existing is Existing.ASK
        if asked and self.conflict is not None:
            return ReplaceFolder(plan=plan, reason=self.conflict, refusal=Problem(text=self.conflict))
        if asked and previous is not None:
            return ResumeUpload(plan=plan, files_done=previous.files_done, files_total=previous.files_total)
        if taken is None or plan.job.upload is None or plan.job.upload.replace:
            return Ready(plan=plan)
        return DestinationTaken(
            plan=plan,
            prefix=taken.prefix,
            title=taken.title,
            same_name=taken.same_name,
            last_synced=taken.last_synced,
            begun=taken.begun,
            refusal=taken.problems[0],
        )

    def run_job(
        self,
        plan: Plan,
        config: Config,
        sink: Sink,
        cancel: CancelToken,
        *,
        control: TransferControl,
        ask_token: AskToken,
        answers: BackendAnswers,
    ) -> JobReport:
        """Run what the test set; a cancel ends it as the real one does."""
        self.control, self.ask_token = control, ask_token
        self.plans.append(plan)
        self.configs.append(config)
        self.threads.add(threading.current_thread().name)
        try:
            self.run(plan, sink, cancel)
        except Cancelled:
            sink(JobFinished(report=report(plan, Outcome.CANCELLED)))
        return report(plan)

    def let_sleep(self) -> None:
        """Note that the computer sleeps."""
        self.sleeps += 1

    @contextmanager
    def awake(self, say: Callable[[str], None]) -> Iterator[None]:
        """Note while the computer is kept awake."""
        self.awake_now += 1
        yield
        self.awake_now -= 1

    def speech(self) -> AbstractContextManager[None]:
        """Return nothing that transcribes."""
        return nullcontext()

    def run_row(self, plan: Plan, config: Config, context: RunContext, *, whisper: None, **seams: Any) -> JobReport:
        """Run what the test set, as `run_job` does, and return the report that it ended with."""
        reports: list[JobReport] = []

        def sink(event: Event) -> None:
            context.sink(event)
            reports.extend([event.report] if isinstance(event, JobFinished) else [])

        self.run_job(plan, config, sink, context.cancel, **seams)
        return reports[-1]

    def check_connection(self, config: Config) -> Connection:
        """Return or raise what the test set, when the gate is open."""
        self.configs.append(config)
        self.threads.add(threading.current_thread().name)
        if self.connection_gate is not None:
            assert self.connection_gate.wait(DEADLINE_S)
        if isinstance(self.connection, Exception):
            raise self.connection
        return self.connection

    @property
    def frames(self) -> FakeFrames:
        """The frames of the source."""
        return FakeFrames(self)

    @property
    def folders(self) -> FakeFolders:
        """The folders of finished jobs."""
        return FakeFolders(self)


@dataclass
class FakeFrames:
    """A grey picture at any time; previews are as the test set."""

    services: FakeServices

    def frame(
        self, media: MediaInfo, time_s: float, size: tuple[int, int], config: Config, cancel: CancelToken
    ) -> bytes:
        """Return the picture, or raise what the test set."""
        if self.services.frame_error is not None:
            raise self.services.frame_error
        return PICTURE

    def preview(self, job: Job, config: Config, on_progress: Callable[[float], None], cancel: CancelToken) -> Path:
        """Note the job, and wait if the test wants that."""
        self.services.previews.append(job)
        on_progress(0.5)
        if self.services.preview_step is not None:
            self.services.preview_step.hold(cancel)
        return job.folder


@dataclass
class FakeFolders:
    """Real results of real folders; notes what would be shown on the desktop."""

    services: FakeServices

    def show(self, folder: Path) -> None:
        """Note the folder, or raise what the test set."""
        self._note(folder)

    def watch(self, folder: Path, title: str) -> str:
        """Note the folder as one that is shown."""
        self._note(folder)
        return f"http://127.0.0.1:1/{title}/"

    def results(self, folder: Path) -> FolderResults:
        """Read the real folder."""
        return RealFolders().results(folder)

    def history(self, config: Config, most: int | None) -> tuple[HistoryEntry, ...]:
        """Return what the test set."""
        return self.services.ended[:most]

    def verify(self, folder: Path, config: Config) -> Verification:
        """Find no difference."""
        return Verification(findings=(), unchecked=(), files=1, local_files=1, server_files=1, unproven=0)

    def replace_captions(self, folder: Path, file: Path) -> str:
        """Say that they were replaced."""
        return f"{file.name} is in its place."

    def upload(self, job: UploadJob, config: Config, sink: Sink, cancel: CancelToken, ask_token: AskToken) -> JobReport:
        """Run what the test set."""
        assert self.services.folder_upload is not None
        self.services.ask_token = ask_token
        return self.services.folder_upload(job, sink, cancel)

    def _note(self, folder: Path) -> None:
        if self.services.folder_error is not None:
            raise self.services.folder_error
        self.services.opened.append(folder)


class Upload:
    """A run that is led through an upload."""

    def __init__(self) -> None:
        self.encoding = HaltedStep()
        self.uploading = HaltedStep()

    def __call__(self, plan, sink, cancel) -> None:
        sink(PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0))
        sink(
            PhaseProgress(
                job="lesson01",
                phase=PhaseName.HLS,
                fraction=0.5,
                overall=0.25,
                rows={"720p": 0.4, "480p": 0.6},
                text="Encoding",
            )
        )
        self.encoding.hold(cancel)
        for phase in (PhaseName.HLS, PhaseName.MP4, PhaseName.TRANSCRIPT):
            sink(PhaseStarted(job="lesson01", phase=phase, overall=0.5))
            sink(PhaseFinished(job="lesson01", phase=phase, outcome=PhaseOutcome.DONE, overall=0.7))
        sink(PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.7))
        text = "Uploading 12/34 files (720p/seg_005.ts)"
        sink(PhaseProgress(job="lesson01", phase=PhaseName.UPLOAD, fraction=0.35, overall=0.75, text=text))
        self.uploading.hold(cancel)
        sink(
            PhaseFinished(
                job="lesson01", phase=PhaseName.UPLOAD, outcome=PhaseOutcome.DONE, overall=0.95, text="Upload complete!"
            )
        )
        sink(PhaseStarted(job="lesson01", phase=PhaseName.RECORD, overall=0.95))
        sink(PhaseFinished(job="lesson01", phase=PhaseName.RECORD, outcome=PhaseOutcome.DONE, overall=1.0))
        sink(JobFinished(report=report(plan)))
