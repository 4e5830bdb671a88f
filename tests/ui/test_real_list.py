"""The list of videos over the real pipeline: converted in turn, killed in the middle, and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest
from held_ffmpeg import crawling_ffmpeg
from program import ROOT, make_clip

from config import Config
from ui.list_messages import RowState
from ui.services import PipelineServices

REAL_DEADLINE_S = 120.0

KILLED = """
import os, signal, sys
from pathlib import Path
from config import Config
from installation import FilePlace
from ui.list_messages import RowState
from ui.services import PipelineServices
from ui.window import MainWindow

folder, *videos = sys.argv[1:]
place = FilePlace(read=Path(folder) / "s3_config.json", write=Path(folder) / "s3_config.json")
crawling = str(Path(folder) / "crawling" / "ffmpeg")
config = Config(data_dir=Path(folder) / "data", cache_dir=Path(folder) / "cache", ffmpeg_path=crawling)
window = MainWindow(config=config, preferences=place, services=PipelineServices())
variables = window.variables
variables.transcribe.set(False)
variables.make_mp4.set(False)
variables.output_dir.set(str(Path(folder) / "out"))
window.videos.take(tuple(videos))

def look():
    rows = list(window.controller.state.videos.rows.values())
    if len(rows) == len(videos) and not window.controller.state.videos.runs:
        window.videos.start_all()
    if len(rows) == len(videos) and rows[0].state is RowState.DONE and rows[1].percent:
        os.kill(os.getpid(), signal.SIGKILL)
    window.after(10, look)

look()
window.mainloop()
"""


def test_a_list_is_killed_in_the_middle_and_gone_on_with(open_driver, tmp_path):
    """Of three videos the first is done and the second on its way: the next window has all three and does the rest, one
    that is broken says why, and each has its length and its picture.
    """
    clips = [make_clip(tmp_path / f"{name}.mp4", seconds=seconds) for name, seconds in (("a", 2), ("b", 12), ("c", 2))]
    crawling_ffmpeg(tmp_path / "crawling")  # which comes to the end of the short videos alone
    argv = [sys.executable, "-c", KILLED, str(tmp_path), *map(str, clips)]
    killed = subprocess.run(argv, cwd=ROOT, env={**os.environ}, timeout=REAL_DEADLINE_S, check=False)
    assert -signal.SIGKILL == killed.returncode
    config = Config(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")
    driver = open_driver(PipelineServices(), config=config)
    driver.deadline_s = REAL_DEADLINE_S

    def rows():
        return list(driver.window.controller.state.videos.rows.values())

    driver.until(lambda: len(rows()) == 3)
    assert [RowState.DONE, RowState.PAUSED, RowState.WAITING] == [row.state for row in rows()]
    driver.until(lambda: [row.length for row in rows()] == ["0:02", "0:12", "0:02"] and all(r.picture for r in rows()))
    assert all(row.picture.startswith(b"\x89PNG") for row in rows())
    (tmp_path / "broken.mp4").write_bytes(bytes(5000))
    driver.window.videos.take((str(tmp_path / "broken.mp4"),))
    driver.until(lambda: len(rows()) == 4 and rows()[-1].unreadable)
    driver.settle()
    driver.press(driver.window.queue_panel.start_all)
    driver.until(lambda: rows()[-1].state is RowState.FAILED and not driver.window.controller.state.videos.runs)
    assert [RowState.DONE] * 3 == [row.state for row in rows()[:3]]
    masters = sorted(path.parent.name for path in (tmp_path / "out").glob("*/master.m3u8"))
    assert ["a", "b", "c"] == masters


def encoders() -> list[psutil.Process]:
    """Return the ffmpegs that write a stream, not those that look into a video."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            found += [one] if "tee" in one.cmdline() else []
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for ffmpeg")
def test_a_paused_video_stands_still_and_goes_on(open_driver, tmp_path):
    """Its encoder is the same process before and after; one that stands still ends with the window."""
    clip = make_clip(tmp_path / "a.mp4", seconds=12)
    crawling = crawling_ffmpeg(tmp_path / "crawling")  # in the middle for as long as it is needed
    config = Config(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", ffmpeg_path=str(crawling))
    driver = open_driver(PipelineServices(), config=config)
    driver.deadline_s = REAL_DEADLINE_S
    window, variables = driver.window, driver.window.variables
    variables.transcribe.set(False)
    variables.make_mp4.set(False)
    variables.output_dir.set(str(tmp_path / "out"))
    window.controller.videos.add([str(clip)], variables.read())
    driver.until(lambda: len(window.controller.state.videos.rows) == 1)
    (id_,) = window.controller.state.videos.rows

    def row():
        return window.controller.state.videos.rows[id_]

    driver.settle()
    driver.press(window.queue_panel.start_all)
    driver.until(lambda: row().percent and encoders())
    window.queue_panel.tree.selection_set((id_,))
    driver.until(lambda: window.controller.state.videos.selected == (id_,))
    window.videos.pause()
    driver.until(lambda: {psutil.STATUS_STOPPED} == {one.status() for one in encoders()})
    driver.settle()
    assert (f"Paused at {row().percent}%: a.mp4", True) == (driver.banner, row().percent > 0)
    still = encoders()
    driver.press(window.actions.start)
    driver.until(lambda: psutil.STATUS_STOPPED not in [one.status() for one in encoders()])
    assert still == encoders()
    window.videos.pause()
    driver.until(lambda: {psutil.STATUS_STOPPED} == {one.status() for one in encoders()})
    window.controller.close()
    driver.until(lambda: not window.controller.busy)
    assert [] == encoders()
