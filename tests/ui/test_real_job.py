"""The window over the real pipeline: real ffmpeg, real Whisper, a real backend,
from Start to the end and to every Cancel.
"""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path

import psutil
import pytest
from converting import convert
from source_server import Video, running_source_server
from store_server import TOKEN, running_server

from config import BackendApi, Config
from pipeline.events import JobFinished, PhaseProgress, PhaseStarted
from pipeline.job import Codec, EncodingRequest
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.model import PhaseName
from pipeline.published import published_files
from pipeline.slug import slug_for
from ui.advanced import CODEC_LABELS, LOUDNESS_LABELS
from ui.services import PipelineServices
from ui.view_state import WindowStage

REAL_DEADLINE_S = 120.0
MAKING = (PhaseName.HLS, PhaseName.MP4, PhaseName.TRANSCRIPT)


class HeldServices(PipelineServices):
    """The real pipeline, held at the first sign of life of one phase until the test lets it go on.

    `left` is what a job has left running, looked at before the window hears of its end: then that looks through the
    video again.
    """

    def __init__(self, phase: PhaseName, sign: type) -> None:
        super().__init__()
        self._phase, self._sign = phase, sign
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.left: list[str] = []

    def run_job(self, plan, config, sink, cancel, **seams):
        ends = []

        def held(event):
            if isinstance(event, JobFinished):
                ends.append(event)
                return
            sink(event)
            if (
                isinstance(event, self._sign)
                and event.phase is self._phase
                and not self.reached.is_set()
                and getattr(event, "fraction", 1) > 0
            ):
                self.reached.set()
                self.go_on.wait(REAL_DEADLINE_S)

        report = super().run_job(plan, config, held, cancel, **seams)
        self.left = _left_running()
        sink(*ends)
        return report


def _fill(driver, tmp_path, sample, small_model, prefix):
    driver.deadline_s = REAL_DEADLINE_S
    driver.fill(str(sample), upload=True, folder=str(tmp_path / "out"))
    variables = driver.window.variables
    variables.destination.set(prefix)
    variables.model.set(str(small_model))
    variables.speed.set("Fast (larger files)")
    driver.settle()


def _left_running():
    """Return the names of a job's threads, but for the one that asks, and of its programs."""
    others = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
    threads = [name for name in others if name.startswith(("job", "upload", "ffmpeg", "whisper"))]
    children = [
        p.name() for p in psutil.Process().children(recursive=True) if "ffmpeg" in p.name() or "python" in p.name()
    ]
    return threads + children


def test_from_start_to_upload_complete(open_driver, tmp_path, sample, small_model, backend, backend_config):
    """Every row is full, the words of the end are there, and the store has the stream."""
    prefix = "tests/window/"
    driver = open_driver(PipelineServices(), config=backend_config)
    _fill(driver, tmp_path, sample, small_model, prefix)
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.READY)
    full = {name: figure for name, (figure, _) in driver.rows.items() if figure != "off"}
    assert dict.fromkeys(("Overall", "720p", "480p", "480p MP4", "Transcript", "Upload"), "100%") == full
    assert "Upload complete!" in driver.rows["Upload"][1]
    folder = tmp_path / "out" / "welcome"
    store = backend.settings.root / prefix
    stored = {p.relative_to(store): p.read_bytes() for p in store.rglob("*") if p.is_file()}
    assert "welcome" == json.loads(stored.pop(Path("manifest.json")))["title"]
    assert {p.relative_to(folder): p.read_bytes() for p in published_files(folder)} == stored


def test_an_mp3_has_no_rows_of_a_video(open_driver, tmp_path):
    """From the choice to the end only what can be made of audio is there."""
    song = tmp_path / "song.mp3"
    tone = ("-f", "lavfi", "-i", "sine=duration=7", "-c:a", "libmp3lame", str(song))
    subprocess.run([str(find_ffmpeg(None)), "-v", "error", *tone], check=True)
    driver = open_driver(PipelineServices())
    driver.deadline_s = REAL_DEADLINE_S
    driver.window.variables.transcribe.set(False)
    driver.fill(str(song), folder=str(tmp_path / "out"))
    rows = driver.window.progress_panel.rows
    shown = [[str(row.label.cget("text")) for row in rows if row.label.winfo_ismapped()]]
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.READY)
    shown.append([str(row.label.cget("text")) for row in rows if row.label.winfo_ismapped()])
    assert ("Done: song.mp3", [["Overall", "Transcript", "Upload"]] * 2) == (driver.banner, shown)


@pytest.mark.parametrize(
    ("phase", "sign"),
    [
        pytest.param(PhaseName.HLS, PhaseProgress, id="encoding"),
        pytest.param(PhaseName.MP4, PhaseStarted, id="MP4"),
        pytest.param(PhaseName.TRANSCRIPT, PhaseProgress, id="transcript"),
        pytest.param(PhaseName.UPLOAD, PhaseProgress, id="upload"),
        pytest.param(PhaseName.RECORD, PhaseStarted, id="record"),
        pytest.param(PhaseName.CLEANUP, PhaseStarted, id="clean-up"),
    ],
)
def test_cancel_stops_every_phase(open_driver, tmp_path, source_clip, sample, small_model, backend_config, phase, sign):
    """No process and no thread stays; before the upload nothing looks finished, after it the whole folder is kept."""
    services = HeldServices(phase, sign)
    driver = open_driver(services, config=backend_config)
    source = sample if phase is PhaseName.TRANSCRIPT else source_clip("plain")
    _fill(driver, tmp_path, source, small_model, f"tests/window-cancel/{phase.value}/")
    driver.window.variables.delete_local.set(True)
    driver.press(driver.window.actions.start)
    driver.until(services.reached.is_set)
    driver.until(lambda: "damage" not in [thread.name for thread in threading.enumerate()])  # the window's own search
    driver.press(driver.window.actions.cancel)
    services.go_on.set()
    driver.until_stage(WindowStage.READY)
    assert (True, []) == ("ancel" in driver.banner, services.left)
    finished = [p.name for p in (tmp_path / "out").iterdir() if not p.name.startswith(".")]
    masters = len(list((tmp_path / "out").rglob("master.m3u8")))
    assert (([], 0) if phase in MAKING else ([slug_for(source)], 1)) == (finished, masters)


def test_what_is_not_asked_for_any_more_is_asked_about(open_driver, tmp_path, source_clip):
    """The window says what would be lost, and replaces it when told to."""
    clip = source_clip("plain")
    folder = convert(
        clip, tmp_path / "out", slug=slug_for(clip), make_mp4=True, encoding=EncodingRequest(preset="medium")
    ).folder
    driver = open_driver(PipelineServices())
    driver.deadline_s = REAL_DEADLINE_S
    driver.fill(str(clip), folder=str(tmp_path / "out"))
    driver.window.variables.transcribe.set(False)
    driver.window.variables.make_mp4.set(False)
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.ASKING)
    assert f"{folder} was made with an MP4, which is not asked for now." in driver.sentences


def test_choices_under_advanced_reach_the_stream(open_driver, tmp_path, source_clip):
    """Format, loudness and encryption are done as chosen, and the key stays where it was."""
    key_file = tmp_path / "course.key"
    key_file.write_bytes(bytes(range(16)))
    driver = open_driver(PipelineServices())
    driver.deadline_s = REAL_DEADLINE_S
    driver.fill(str(source_clip("plain")), folder=str(tmp_path / "out"))
    variables = driver.window.variables
    variables.transcribe.set(False)
    variables.make_mp4.set(False)
    variables.advanced.encoder.set("Processor")
    variables.advanced.codec.set(CODEC_LABELS[Codec.HEVC])
    variables.advanced.loudness.set(LOUDNESS_LABELS[-16.0])
    variables.advanced.encrypt.set(True)
    variables.advanced.key_file.set(str(key_file))
    variables.advanced.key_uri.set("https://keys.example.com/course")
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.READY)
    (folder,) = (tmp_path / "out").iterdir()
    (video,) = (p for p in folder.glob("*/index.m3u8") if p.parent.name.endswith("p"))
    assert -16.0 == json.loads((folder / "job.json").read_text(encoding="utf-8"))["settings"]["hls"]["loudness_lufs"]
    assert "hvc1" in (folder / "master.m3u8").read_text(encoding="utf-8")
    assert '#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example.com/course"' in video.read_text(encoding="utf-8")
    assert [] == [p for p in folder.rglob("*") if p.is_file() and p.read_bytes() == key_file.read_bytes()]


def test_a_video_from_a_web_server(open_driver, tmp_path, source_clip):
    """What it is stands beneath its address, it is fetched when the job runs, and a bad address is told as one."""
    with running_source_server() as server:
        server.videos["/plain.mp4"] = Video(source_clip("plain").read_bytes())
        driver = open_driver(PipelineServices(), config=Config(cache_dir=tmp_path / "cache"))
        driver.deadline_s = REAL_DEADLINE_S
        driver.fill(f"{server.url}/plain.mp4?token=secret", folder=str(tmp_path / "out"))
        assert "plain.mp4" in driver.banner
        for off in (driver.window.variables.transcribe, driver.window.variables.make_mp4):
            off.set(False)
        driver.press(driver.window.actions.start)
        driver.until_stage(WindowStage.READY)
        assert (True, False) == ("Fetching the source" in driver.log, "secret" in "".join(driver.log))
        assert f"Started: {server.url}/plain.mp4" in driver.log
        assert (tmp_path / "out" / "plain" / "master.m3u8").is_file()
        driver.window.variables.source.set(f"{server.url}/none.mp4?token=secret")
        driver.until(lambda: driver.window.controller.state.source.problem)
        assert f"There is no file at {server.url}/none.mp4 (" in driver.window.controller.state.source.problem


def test_a_login_that_expires_in_the_middle_of_an_upload(open_driver, tmp_path, source_clip):
    """The upload waits for the editor, goes on with the new token where it was, and sends nothing twice."""
    new = "a-new-token-a-new-token"
    with running_server() as server:

        def expire(key: str) -> None:
            server.token = new

        server.on_stored = expire
        driver = open_driver(PipelineServices(), config=Config(backend=BackendApi(url=server.url, token=TOKEN)))
        driver.deadline_s = REAL_DEADLINE_S
        driver.fill(str(source_clip("plain")), upload=True, folder=str(tmp_path / "out"))
        for off in (driver.window.variables.transcribe, driver.window.variables.make_mp4):
            off.set(False)
        driver.press(driver.window.actions.start)
        driver.until(lambda: driver.window.controller.state.token is not None)
        driver.settle()
        driver.window.token_panel.entry.insert(0, new)
        driver.press(driver.window.token_panel.go_on)
        driver.until_stage(WindowStage.READY)
        (folder,) = (tmp_path / "out").iterdir()
        prefix = driver.window.variables.destination.get()
        sent = {f"{prefix}{p.relative_to(folder).as_posix()}": p.read_bytes() for p in published_files(folder)}
        assert sent == {key: content for key, content in server.stored.items() if key in sent}
        assert sorted(set(server.puts())) == sorted(server.puts())
        assert "Done" in driver.banner
