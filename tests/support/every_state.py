"""Every state in which somebody sees the program's windows, and how a new window gets into it.

For tests that walk all of them, and for `state_pictures.py`, which makes their pictures. A state is reached by what an
editor does, and by the messages that the window's threads send; no job runs.
"""

from __future__ import annotations

import io
import tkinter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from datasets import TRANSCRIPTS_KIND
from PIL import Image
from ui_fakes import CONFIGURED, NOT_CONFIGURED, FakeFrames, FakeServices, media_info
from window_driver import Driver

from config import Config
from pipeline.errors import Problem, Setting, SourceError
from pipeline.events import JobFinished, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.folder_results import FolderCaptions, FolderLoudness, FolderResults, MadeQuality
from pipeline.job import EncoderFamily, Job, TranscriptionRequest, UploadRequest
from pipeline.job_history import HistoryEntry
from pipeline.machine_report import BackendFinding, FfmpegFinding
from pipeline.media.encode.encoder_check import CODEC_NAMES, EncoderResult, EncoderStatus
from pipeline.media.source.damage import Damage, Hole, Medium
from pipeline.media_info import MediaInfo
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.plan import make_plan
from pipeline.preflight_answers import DestinationTaken, Refused, ReplaceFolder, ResumeUpload
from pipeline.queued_job import JobState
from pipeline.speech.model import DownloadProgress
from pipeline.speech.model_cache import StoredModel
from pipeline.unfinished import UnfinishedJob
from pipeline.update_notice import UpdateNotice
from transcripts.find_replace import Query
from transcripts.merge import Collision
from ui.folder_messages import FolderTold, HistoryRead, ResultsRead
from ui.frames.messages import PreviewTold
from ui.list_messages import (
    ListEnded,
    ListRuns,
    NotAdded,
    RowState,
    StoredVideo,
    VideoAsks,
    VideoBegun,
    VideoLooked,
    VideosListed,
    VideoTold,
)
from ui.machine_check.checks import Needed
from ui.machine_check.lines import CheckState, downloading_line
from ui.messages import (
    BannerAnswer,
    Checking,
    CloseAnswered,
    CloseAsked,
    ConnectionTested,
    ConnectionTesting,
    DiagnosticsSaved,
    FolderKnown,
    JobStarted,
    LogEntry,
    Message,
    PasteRefused,
    Paused,
    StopRequested,
    TokenRefused,
    TokenWanted,
    UnexpectedError,
    UnfinishedFound,
)
from ui.missing_login import LoginMissing, LoginPlace
from ui.preferences import LimitDays, LimitPeriod, NamedBackend
from ui.tones import Tone
from ui.transcripts.state import EditorStage, Question
from ui.transcripts.view import EditorView
from ui.update_messages import UpdateFound

FOLDER = "/home/editor/Videos/Biology of cells, winter 2026"
VIDEO = f"{FOLDER}/An introduction to the biology of cells – lecture 1.mp4"
SLUG = "an-introduction-to-the-biology-of-cells-lecture-1"
SERVER = "https://videos.example-university.edu"
STREAM = f"https://cdn.example-university.edu/videos/biology/{SLUG}/master.m3u8"
OUTPUT = f"{FOLDER}/Streams"
JOB = Job(
    source=Path(VIDEO),
    output_dir=Path(OUTPUT),
    slug=SLUG,
    transcription=TranscriptionRequest(),
    upload=UploadRequest(prefix=f"videos/biology/{SLUG}/"),
)
MANY = 500
GREY = (96, 112, 128)
ENDED_S = 1_795_000_000.0

HOLES = tuple(Hole(medium=medium, begin_s=begin_s, end_s=begin_s + 3.2) for begin_s in (6.0, 80.0) for medium in Medium)
DAMAGE = Damage(holes=HOLES, errors=40)


def picture(size: tuple[int, int]) -> bytes:
    """Return a PNG of one colour."""
    content = io.BytesIO()
    Image.new("RGB", size, GREY).save(content, "PNG")
    return content.getvalue()


class Frames(FakeFrames):
    """Frames of the size that is asked for."""

    def frame(self, media, time_s, size, config, cancel) -> bytes:
        """Return one colour."""
        return picture(size)


class Services(FakeServices):
    """A pipeline whose frames have a size."""

    def describe_source(self, video, config) -> MediaInfo:
        """Return what the test set, but for the lecture that can't be read."""
        if video.source == STATES_OF_ROWS[UNREADABLE].job.source:
            raise SourceError(f"{video.source} is no video: it ends after 0 bytes.")
        return super().describe_source(video, config)

    @property
    def frames(self) -> Frames:
        """The frames of the source."""
        return Frames(self)

    def picture(self, media, size, config, cancel) -> bytes:
        """Return one colour."""
        return picture(size)


@dataclass(frozen=True, kw_only=True)
class ShownState:
    """How a new window with these services and settings gets into a state.

    `reach` returns the window beside the main one that the state is about, anything else where it is the main one.
    """

    reach: Callable[[Driver], object]
    services: Callable[[], FakeServices] = field(default=Services)
    config: Config = CONFIGURED

    def window(self, driver: Driver) -> tkinter.Misc:
        """Get a new window into the state, and return the window that the state is about."""
        reached = self.reach(driver)
        return reached if isinstance(reached, tkinter.Misc) else driver.window


def give_size(driver: Driver, window: tkinter.Misc, size: str) -> None:
    """Give a window its smallest or largest size, or leave it as it is by default."""
    top = window.winfo_toplevel()
    if size != "default" and top.resizable() != (False, False) and not top.overrideredirect():
        width, height = top.minsize() if size == "smallest" else (top.winfo_screenwidth(), top.winfo_screenheight())
        top.geometry(f"{width}x{height}+0+0")
        driver.until(lambda: (top.winfo_width(), top.winfo_height()) == (width, height))
    driver.settle()


def plan_of(job: Job = JOB) -> Plan:
    """Return the plan of a job."""
    return make_plan(job, media_info(job.source, width=1920, height=1080))


def tell(driver: Driver, *messages: Message) -> None:
    """Send messages to the window as its threads do, and wait until they are shown."""
    for message in messages:
        driver.window.pump.put(message)
    driver.until(lambda: not driver.window.pump.waiting)
    driver.settle()


# the form


def fill(driver: Driver) -> None:
    """Choose the video, whose name is long, with an upload."""
    driver.fill(VIDEO, upload=True, folder=OUTPUT)
    driver.window.variables.destination.set(f"videos/biology/{SLUG}/")
    driver.until(lambda: not driver.window.controller.state.source.searching)
    driver.settle()


def fill_damaged(driver: Driver) -> None:
    """Choose the video, and wait until its damage is told."""
    fill(driver)
    driver.until(lambda: bool(driver.window.controller.state.source.damage))
    driver.settle()


def unfold(driver: Driver, *sections: str) -> None:
    """Choose the video and unfold sections."""
    fill(driver)
    for name in sections:
        getattr(driver.window.variables, f"{name}_open").set(True)
    driver.settle()
    panels = {"captions": "transcription_panel", "upload": "upload_panel", "advanced": "advanced_panel"}
    if len(sections) == 1:
        driver.window.settings.bring_into_view(getattr(driver.window, panels[sections[0]]).card)
        driver.settle()


def with_backends(driver: Driver) -> None:
    """Choose a backend with a name, whose connection was tested, and have limits by the hour."""
    variables = driver.window.variables
    backend = NamedBackend(id="school", name="Example University, Faculty of Science", address=SERVER)
    limit = LimitPeriod(days=LimitDays.WEEKDAYS, start="08:00", end="18:00", limit_mb_s=0.5)
    variables.program = replace(variables.program, backends=(backend,), upload_limits=(limit,))
    variables.backend.choose("school", variables.program)
    driver.window.upload_panel.refresh()
    unfold(driver, "upload")
    text = f"Connected to {SERVER}. The token is valid."
    tell(driver, ConnectionTesting(number=1), ConnectionTested(number=1, ok=True, text=text))


def all_chosen_wrong(driver: Driver) -> None:
    """Show problems beside the fields of every section."""
    unfold(driver, "captions", "upload", "advanced")
    refuse(driver)


def refuse(driver: Driver) -> None:
    """Start what must be put right in several places first."""
    problems = (
        Problem(setting=Setting.OUTPUT, text=f"{OUTPUT} can't be written to: choose another folder."),
        Problem(setting=Setting.DESTINATION, text="Type the folder on the server, such as videos/course1/lesson01/."),
        Problem(setting=Setting.MODEL, text="There is no model 'bases': choose tiny, base or small, or a folder."),
        Problem(setting=Setting.KEY_URI, text="The key's address must begin with https://."),
    )
    tell(driver, Checking(), Refused(problems=problems))


def choose_preset_name(driver: Driver) -> None:
    """Ask for the name of a preset."""
    fill(driver)
    driver.window.output_panel.presets.actions["Save as…"]()
    driver.settle()


def show_tip(driver: Driver) -> tkinter.Misc:
    """Hold the pointer over Reset settings until its tip is there."""
    button = driver.window.actions.reset
    button.event_generate("<Enter>")

    def tips() -> list[tkinter.Misc]:
        return [one for one in driver.tree(driver.window) if one.winfo_class() == "Toplevel" and one.winfo_viewable()]

    driver.until(tips)
    return tips()[0]


# a job


def run(driver: Driver, *further: Message) -> None:
    """Let the video be converted."""
    fill(driver)
    lines = [f"Segment {number} of 240 was checked." for number in range(1, 9)]
    tell(
        driver,
        *(Checking(), JobStarted(plan=plan_of())),
        PhaseStarted(job=SLUG, phase=PhaseName.HLS, overall=0.0),
        *(LogEntry(text=line) for line in lines),
        *further,
    )


def at(phase: PhaseName, text: str, overall: float = 0.5, rows: dict[str, float] | None = None) -> tuple[Message, ...]:
    """Return the messages of a phase that is under way."""
    started = PhaseStarted(job=SLUG, phase=phase, overall=overall)
    return started, PhaseProgress(
        job=SLUG, phase=phase, fraction=0.35, overall=overall + 0.05, rows=rows or {}, text=text
    )


def done(*phases: PhaseName) -> tuple[Message, ...]:
    """Return the messages of phases that are done."""
    return tuple(PhaseFinished(job=SLUG, phase=one, outcome=PhaseOutcome.DONE, overall=0.6) for one in phases)


ENCODING = at(PhaseName.HLS, "Encoding", 0.1, {"1080p": 0.2, "720p": 0.4, "480p": 0.6})
TRANSCRIBING = (
    *done(PhaseName.HLS, PhaseName.MP4),
    *at(PhaseName.TRANSCRIPT, "00:12:41 of 01:02:30 · “…which is why the membrane of a cell is never quite at rest”"),
)
UPLOADING = (
    *done(PhaseName.HLS, PhaseName.MP4, PhaseName.TRANSCRIPT),
    *at(PhaseName.UPLOAD, "Uploading 12/342 files (1080p/seg_005.ts)", 0.7),
)


def end(driver: Driver, outcome: Outcome, *, error: str = "", warnings: tuple[str, ...] = (), url: str = "") -> None:
    """Let the job end."""
    folder = Path(OUTPUT) / SLUG
    report = JobReport(
        slug=SLUG,
        source=Path(VIDEO),
        folder=folder,
        outcome=outcome,
        error=error,
        warnings=warnings,
        master_url=url,
    )
    run(driver, *ENCODING, JobFinished(report=report))
    if outcome is Outcome.DONE:
        tell(driver, FolderKnown(folder=folder, has_stream=True))


RESUME = ResumeUpload(plan=plan_of(), files_done=12, files_total=345)
REASON = (
    f"{OUTPUT}/{SLUG} holds the stream of another video of the same name, “{FOLDER}/older/lecture 1.mp4”, and its "
    "captions."
)
REPLACE = ReplaceFolder(plan=plan_of(), reason=REASON, refusal=Problem(text=REASON))
TAKEN = DestinationTaken(
    plan=plan_of(),
    prefix=f"videos/biology/{SLUG}/",
    title="The biology of cells, part 1 (winter 2025).mp4",
    same_name=False,
    last_synced="2025-11-03T10:00:00Z",
    begun=False,
    refusal=Problem(text="It is taken."),
)
UNFINISHED = tuple(
    UnfinishedJob(
        id=str(number),
        job=replace(JOB, source=Path(f"{FOLDER}/Lecture {number} – the membrane.mp4"), slug=f"lecture-{number}"),
        backend_url=SERVER,
        percent=43,
    )
    for number in range(1, 6)
)


def ask(driver: Driver, question: Message) -> None:
    """Ask before the job begins."""
    fill(driver)
    tell(driver, Checking(), question)


def close_soon(driver: Driver) -> None:
    """Let a job end in the background."""
    run(driver, *UPLOADING, CloseAsked(), CloseAnswered(answer=BannerAnswer.GO_ON_IN_BACKGROUND))
    report = JobReport(slug=SLUG, source=Path(VIDEO), folder=Path(OUTPUT) / SLUG, outcome=Outcome.DONE)
    tell(driver, JobFinished(report=report))
    driver.until(driver.window.winfo_viewable)


# the list


def video(number: int, state: RowState = RowState.HELD, **changes: object) -> StoredVideo:
    """Return a video of the list."""
    path = Path(f"{FOLDER}/Lecture {number:03} – the membrane, and what goes through it.mp4")
    job = replace(JOB, source=path, slug=f"lecture-{number}", upload=UploadRequest(prefix=f"videos/biology/{number}/"))
    return StoredVideo(
        id=f"v{number}", job=job, state=state, label="Course" if number % 3 else "Web, changed", **changes
    )


UNREADABLE = 9
STATES_OF_ROWS = {
    1: video(1, RowState.DONE),
    2: video(2, RowState.FAILED, reason="The disk is full: 1.2 GB more is needed in /home/editor/Videos."),
    3: video(3, RowState.RUNNING),
    4: video(4, RowState.ASKING),
    5: video(5, RowState.PAUSED, percent=40),
    6: video(6, RowState.PARKED, reason="The server https://videos.example-university.edu does not answer."),
    7: video(7, RowState.CANCELLED),
    8: video(8, RowState.WAITING),
    UNREADABLE: video(UNREADABLE, RowState.WAITING),
}


def listed(driver: Driver, count: int, *further: Message) -> None:
    """Fill the list: the first rows stand in every way, one of them can't be read."""
    videos = tuple(STATES_OF_ROWS.get(number) or video(number) for number in range(1, count + 1))
    begun = STATES_OF_ROWS[3].job
    shown = picture(driver.window.queue_panel.picture_size)
    tell(
        driver,
        VideosListed(videos=videos),
        ListRuns(),
        VideoBegun(id="v3", plan=plan_of(begun)),
        *(
            VideoTold(id="v3", title=begun.source.name, event=event)
            for event in at(PhaseName.HLS, "Encoding", 0.1, {"1080p": 0.2, "720p": 0.4})
        ),
        VideoAsks(id="v4", question=replace(TAKEN, plan=plan_of(STATES_OF_ROWS[4].job))),
        *(VideoLooked(id=one.id, length_s=3750.0, picture=shown) for one in videos[:8]),
        *further,
    )
    driver.until(lambda: driver.window.controller.state.videos.rows[f"v{UNREADABLE}"].unreadable)
    driver.settle()


def held(driver: Driver) -> None:
    """Have videos in the list that were not started."""
    shown = picture(driver.window.queue_panel.picture_size)
    videos = tuple(video(number) for number in range(1, 6))
    looked = (VideoLooked(id=one.id, length_s=750.0, picture=shown) for one in videos)
    tell(driver, VideosListed(videos=videos), *looked)


def select(driver: Driver, number: int, count: int = 12) -> None:
    """Select a row of the list."""
    listed(driver, count)
    driver.window.queue_panel.tree.selection_set(f"v{number}")
    driver.until(lambda: driver.window.controller.state.videos.selected == (f"v{number}",))
    driver.settle()


def log_beside(driver: Driver) -> None:
    """Look at the log while the list is filled."""
    listed(driver, 12, *(LogEntry(text=f"Segment {number} of 240 was checked.") for number in range(1, 40)))
    button = driver.window.list_or_log.buttons["Log"]
    if button.winfo_viewable():  # where there is room, both are shown
        driver.press(button)


# other windows

QUALITIES = tuple(
    MadeQuality(
        name=f"{height}p",
        width=height * 16 // 9,
        height=height,
        codec="H.264",
        average_bit_rate=height * 1_100,
        peak_bit_rate=height * 2_200,
        size_bytes=height << 16,
    )
    for height in (1080, 720, 480, 360)
)
RESULTS = FolderResults(
    folder=Path(OUTPUT) / SLUG,
    title="An introduction to the biology of cells – lecture 1",
    source=VIDEO,
    duration_s=3750.0,
    qualities=QUALITIES,
    mp4_bytes=90 << 20,
    total_bytes=640 << 20,
    loudness=FolderLoudness(measured_lufs=-21.04, target_lufs=-16.0),
    checked=True,
    not_ideal=("720p/index.m3u8: a segment is longer than its target (RFC 8216, 4.3.3.1)",),
    captions=FolderCaptions(language="en", cues=812, fastest_cps=23.4, rules="Netflix", outside="4 are read too fast"),
    addresses={"master.m3u8": STREAM},
)
ENTRIES = tuple(
    HistoryEntry(
        id=f"job{number}",
        title=f"Lecture {number} – the membrane, and what goes through it",
        origin=f"{FOLDER}/Lecture {number:03} – the membrane, and what goes through it.mp4",
        folder=Path(OUTPUT) / SLUG,
        backend_url=SERVER,
        prefix=f"videos/biology/{number}/",
        state=(JobState.DONE, JobState.FAILED, JobState.CANCELLED)[number % 3],
        ended_at=ENDED_S - 5000.0 * number,
        note="The disk is full: 1.2 GB more is needed in /home/editor/Videos." if number % 3 == 1 else "",
        searched=f"lecture {number}",
    )
    for number in range(200)
)


def results(driver: Driver) -> tkinter.Misc:
    """Look at what a job has made."""
    driver.window.results.open(RESULTS.folder)
    driver.until(lambda: driver.window.results.panel.texts != ["Reading the results…"])
    tell(driver, ResultsRead(folder=RESULTS.folder, results=RESULTS))
    assert driver.window.results.window is not None
    return driver.window.results.window


def history(driver: Driver, *, entries: tuple[HistoryEntry, ...] = ENTRIES, uploading: bool = False) -> tkinter.Misc:
    """Open the history, and choose a job in it if there is one."""
    driver.window.history.open()
    window = driver.window.history.window
    assert window is not None
    driver.until(lambda: window.count.cget("text") != "Reading…")
    tell(driver, HistoryRead(entries=entries))
    if entries:
        driver.until(lambda: window.tree.exists(entries[1].id))
        window.tree.selection_set(entries[1].id)
        driver.until(lambda: window._chosen is not None)
        driver.until(lambda: window.panel.texts != ["Reading the results…"])
        tell(driver, ResultsRead(folder=entries[1].folder, results=RESULTS))
    if uploading:
        text = "Uploading 12/342 files (1080p/seg_005.ts)"
        tell(driver, FolderTold(folder=RESULTS.folder, text=text, tone=Tone.BUSY, running=True))
    return window.window


def frames(driver: Driver, *, preview: bool = False) -> tkinter.Misc:
    """Open the strip of frames with a part and a poster chosen."""
    fill(driver)
    driver.press(driver.window.source_panel.frames)
    window = driver.window.frames.window
    assert window is not None
    driver.until(lambda: all(str(button.cget("image")) for button in window.frames))
    window.choose(3.0)
    window.begin.invoke()
    window.poster.invoke()
    window.choose(9.0)
    window.end.invoke()
    driver.until(lambda: str(window.picture.cget("image")) and window._waiting is None)
    if preview:
        tell(driver, PreviewTold(text="Converting ten seconds… 40%", running=True))
    driver.settle()
    return window.window


@dataclass
class Computer:
    """A computer that lacks this and that."""

    def ffmpeg(self, config) -> FfmpegFinding:
        """Return one."""
        return FfmpegFinding(path=Path("/usr/bin/ffmpeg"), version="ffmpeg 7.1.1-full_build-www.gyan.dev")

    def encoders(self, ffmpeg, config, cancel) -> tuple[EncoderResult, ...]:
        """Return those of two graphics cards."""
        families = (EncoderFamily.NVIDIA, EncoderFamily.INTEL, EncoderFamily.CPU)
        works = EncoderStatus.WORKS
        return tuple(
            EncoderResult(codec=codec, family=family, encoder="", status=works)
            for family in families
            for codec in CODEC_NAMES
        )

    def models(self) -> tuple[StoredModel, ...]:
        """Return none."""
        return ()

    def backend(self, config) -> BackendFinding:
        """Return why it can't be used."""
        return BackendFinding(reached=False, text=f"{SERVER} does not answer. Check the address and the connection.")


def machine_check(driver: Driver, *, downloading: bool = False) -> tkinter.Misc:
    """Open the page about this computer."""
    check = driver.window.machine_check
    check.machine = Computer()
    check.open(first_time=True)
    assert check.opened is not None
    assert check.checks is not None
    lines = check.checks.lines
    driver.until(lambda: all(line.state is not CheckState.LOOKING for line in lines.values()))
    if downloading:
        lines[Needed.MODEL] = downloading_line("base", DownloadProgress(done_bytes=50 << 20, total_bytes=145 << 20))
    check.opened.show(lines)
    driver.settle()
    return check.opened.window


def settings(driver: Driver, section: str) -> tkinter.Misc:
    """Open a section of the settings, with a backend and a limit in them."""
    variables = driver.window.variables
    backend = NamedBackend(id="school", name="Example University, Faculty of Science", address=SERVER)
    limit = LimitPeriod(days=LimitDays.WEEKDAYS, start="08:00", end="18:00", limit_mb_s=0.5)
    if section != "new backend":
        variables.program = replace(variables.program, backends=(backend,), upload_limits=(limit,))
    driver.window.settings_window.open()
    opened = driver.window.settings_window.opened
    assert opened is not None
    if section == "new backend":
        opened.show_backends()
        opened.backends.address.insert(0, "videos.example-university.edu")
    else:
        opened.sections.select(getattr(opened, section).frame)
    driver.settle()
    return opened.window


def editor(driver: Driver) -> EditorView:
    """Open a dataset of transcripts."""
    path = TRANSCRIPTS_KIND.write(driver.preferences_path.parent / "Lineare Algebra, Winter.json")
    view = driver.window.editors.open(str(path))
    driver.until(lambda: len(view.controller.order) and not view.controller.state.loading)
    show_editor(driver, view)
    return view


def show_editor(driver: Driver, view: EditorView, **changes: object) -> tkinter.Misc:
    """Give an editor's window another state."""
    view.controller.state = replace(view.controller.state, **changes)
    view.pump.drain()
    view.render()
    driver.settle()
    return view.window


def find_in_editor(driver: Driver) -> tkinter.Misc:
    """Look for a word in the transcripts."""
    view = editor(driver)
    view._finding.show(shown=True)
    view._finding._search(Query(find="dot", replacement="cross"))
    driver.until(lambda: view.controller.state.hits is not None)
    return show_editor(driver, view)


COLLISION = Collision(
    collection="segments",
    id="s1",
    field="text",
    before="The dot product.",
    ours="The dot product of two vectors.",
    theirs="A dot product.",
    text="week 1/lecture.mp4, 0:00",
)


def editor_question(driver: Driver, question: Question, **changes: object) -> tkinter.Misc:
    """Ask something in the editor."""
    state = {"changes": "12 segments updated, 3 deleted", "source_uri": "s3://university-courses/algebra/winter.json"}
    return show_editor(driver, editor(driver), question=question, unsaved=True, **{**state, **changes})


def opening_failed(driver: Driver) -> tkinter.Misc:
    """Fail to open a dataset."""
    view = driver.window.editors.open()
    view.open(str(driver.preferences_path.parent / "not there.json"))
    driver.until(lambda: view.controller.state.stage is EditorStage.EMPTY)
    return show_editor(driver, view)


INTERRUPTED = SourceError(f"{VIDEO} is no video: it ends after 1,024 bytes. Copy it anew from the camera or the disk.")

NEWER = UpdateNotice(version="1.2.0", notes="https://converter.example-university.edu/news/1.2.0/index.html")
NO_TOKEN = "A token is a single line without spaces: copy it once more."
NO_RECORD = f"The record of the video could not be made: {SERVER}/api/admin/files answered 500. The files are uploaded."
UNTRANSLATED = "There are no captions in English: the model 'turbo' can't translate."
FULL = (
    f"{OUTPUT}/{SLUG}/1080p/seg_005.ts can't be written: no space is left on the disk. Free 1.2 GB there, or choose "
    "another output folder, and press Start: what is done is used again."
)
MISTAKE = "KeyError: '1440p' (ui/panels/progress.py, line 41)"
SAVED = "/home/editor/Documents/hls-converter-diagnostics-2026-11-30.zip holds no token and no address with a secret."
NO_VIDEOS = "notes.docx, timetable.pdf and 7 more are not added: they are no videos this program knows."

FORM: dict[str, ShownState] = {
    "empty": ShownState(reach=lambda driver: None),
    "empty, not configured": ShownState(reach=lambda driver: None, config=NOT_CONFIGURED),
    "video": ShownState(reach=fill),
    "damaged": ShownState(reach=fill_damaged, services=lambda: Services(damage=DAMAGE)),
    "audio only": ShownState(reach=fill, services=lambda: Services(media=replace(media_info(), video=None))),
    "not a video": ShownState(reach=fill, services=lambda: Services(media=INTERRUPTED)),
    "captions unfolded": ShownState(reach=lambda driver: unfold(driver, "captions")),
    "upload unfolded": ShownState(reach=lambda driver: unfold(driver, "upload")),
    "upload unfolded, not configured": ShownState(reach=lambda driver: unfold(driver, "upload"), config=NOT_CONFIGURED),
    "upload unfolded, backend with a name": ShownState(reach=with_backends, config=NOT_CONFIGURED),
    "advanced unfolded": ShownState(reach=lambda driver: unfold(driver, "advanced")),
    "all unfolded, with problems": ShownState(reach=all_chosen_wrong, config=NOT_CONFIGURED),
    "name of a preset": ShownState(reach=choose_preset_name),
    "tip": ShownState(reach=show_tip),
}
JOBS: dict[str, ShownState] = {
    "checking": ShownState(reach=lambda driver: ask(driver, Checking())),
    "encoding": ShownState(reach=lambda driver: run(driver, *ENCODING)),
    "transcribing": ShownState(reach=lambda driver: run(driver, *TRANSCRIBING)),
    "uploading": ShownState(reach=lambda driver: run(driver, *UPLOADING)),
    "uploading, unfolded": ShownState(
        reach=lambda driver: (run(driver, *UPLOADING), driver.window.variables.upload_open.set(True))
    ),
    "paused": ShownState(reach=lambda driver: run(driver, *UPLOADING, Paused())),
    "token": ShownState(reach=lambda driver: run(driver, *UPLOADING, TokenWanted())),
    "token refused": ShownState(
        reach=lambda driver: run(driver, *UPLOADING, TokenWanted(), TokenRefused(problem=NO_TOKEN))
    ),
    "stopping": ShownState(reach=lambda driver: run(driver, *ENCODING, StopRequested())),
    "closing": ShownState(reach=lambda driver: run(driver, *ENCODING, CloseAsked())),
    "closes afterwards": ShownState(
        reach=lambda driver: run(driver, *ENCODING, CloseAsked(), CloseAnswered(answer=BannerAnswer.CLOSE_AFTER_JOB))
    ),
    "closes soon": ShownState(reach=close_soon),
    "refused": ShownState(reach=lambda driver: (fill(driver), refuse(driver))),
    "resume?": ShownState(reach=lambda driver: ask(driver, RESUME)),
    "replace folder?": ShownState(reach=lambda driver: ask(driver, REPLACE)),
    "replace stream?": ShownState(reach=lambda driver: ask(driver, TAKEN)),
    "unfinished": ShownState(reach=lambda driver: tell(driver, UnfinishedFound(jobs=UNFINISHED))),
    "unfinished, without a login": ShownState(
        reach=lambda driver: tell(
            driver, UnfinishedFound(jobs=UNFINISHED, missing=LoginMissing(server=SERVER, place=LoginPlace.SETTINGS))
        )
    ),
    "done": ShownState(reach=lambda driver: end(driver, Outcome.DONE, url=STREAM)),
    "done, with warnings": ShownState(
        reach=lambda driver: end(driver, Outcome.DONE, url=STREAM, warnings=(NO_RECORD, UNTRANSLATED))
    ),
    "failed": ShownState(reach=lambda driver: end(driver, Outcome.FAILED, error=FULL)),
    "cancelled": ShownState(reach=lambda driver: end(driver, Outcome.CANCELLED)),
    "pasted too much": ShownState(reach=lambda driver: tell(driver, PasteRefused(characters=1_234_567))),
    "newer version": ShownState(reach=lambda driver: tell(driver, UpdateFound(notice=NEWER))),
    "unexpected": ShownState(reach=lambda driver: tell(driver, UnexpectedError(text=MISTAKE))),
    "diagnostics": ShownState(reach=lambda driver: tell(driver, DiagnosticsSaved(text=SAVED))),
}
LISTS: dict[str, ShownState] = {
    "list not started": ShownState(reach=held),
    "list runs": ShownState(reach=lambda driver: listed(driver, 12)),
    "list of 500": ShownState(reach=lambda driver: listed(driver, MANY)),
    "own settings": ShownState(reach=lambda driver: select(driver, 10)),
    "row done": ShownState(reach=lambda driver: select(driver, 1)),
    "row failed": ShownState(reach=lambda driver: select(driver, 2)),
    "row converted": ShownState(reach=lambda driver: select(driver, 3)),
    "row asks": ShownState(reach=lambda driver: select(driver, 4)),
    "row not readable": ShownState(reach=lambda driver: select(driver, 9)),
    "list ended": ShownState(reach=lambda driver: listed(driver, 9, ListEnded(passed_over=True))),
    "not added": ShownState(reach=lambda driver: (held(driver), tell(driver, NotAdded(text=NO_VIDEOS)))),
    "log beside a list": ShownState(reach=log_beside),
}
BESIDE: dict[str, ShownState] = {
    "about": ShownState(reach=lambda driver: (driver.window.about.open(), driver.window.about.window)[1]),
    "results": ShownState(reach=results),
    "history": ShownState(reach=history),
    "history, empty": ShownState(reach=lambda driver: history(driver, entries=())),
    "history, uploading": ShownState(reach=lambda driver: history(driver, uploading=True)),
    "frames": ShownState(reach=frames),
    "preview": ShownState(reach=lambda driver: frames(driver, preview=True)),
    "first start": ShownState(reach=machine_check),
    "model being downloaded": ShownState(reach=lambda driver: machine_check(driver, downloading=True)),
    **{
        f"settings, {name}": ShownState(reach=lambda driver, name=name: settings(driver, name))
        for name in ("general", "backends", "new backend", "qualities", "upload", "system")
    },
}
EDITOR: dict[str, ShownState] = {
    "no transcripts": ShownState(reach=lambda driver: driver.window.editors.open().window),
    "transcripts not opened": ShownState(reach=opening_failed),
    "transcripts": ShownState(reach=lambda driver: editor(driver).window),
    "find in transcripts": ShownState(reach=find_in_editor),
    "transcripts restored?": ShownState(
        reach=lambda driver: editor_question(driver, Question.RECOVERED, recovered="12 segments updated, 3 deleted")
    ),
    "save transcripts?": ShownState(reach=lambda driver: editor_question(driver, Question.SAVE)),
    "close transcripts?": ShownState(reach=lambda driver: editor_question(driver, Question.CLOSE)),
    "transcripts deleted": ShownState(reach=lambda driver: editor_question(driver, Question.DELETED)),
    "transcripts changed by others": ShownState(
        reach=lambda driver: editor_question(driver, Question.COLLISIONS, collisions=(COLLISION,) * 3)
    ),
}
STATES = {**FORM, **JOBS, **LISTS, **BESIDE, **EDITOR}
"""All of them, by their names."""
