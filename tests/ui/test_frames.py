"""The strip of frames: which times it shows, the part that is chosen on it, and previews."""

from __future__ import annotations

from pathlib import Path

import pytest
from cut_off import faults
from ui_fakes import FakeServices, HaltedStep

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, EncodeError, Setting
from pipeline.files import is_there
from pipeline.job import EncodingRequest, Existing, Job, TranscriptionRequest, Trim, UploadRequest
from pipeline.media.stream_layout import MASTER
from pipeline.media.validate import validate
from ui.frames.services import SourceFrames
from ui.frames.times import place_of, preview_job, strip_times, typed_time, within
from ui.view_state import WindowStage

JOB = Job(
    source=Path("/videos/a.mp4"),
    output_dir=Path("/out"),
    slug="a",
    qualities=("360p",),
    trim=Trim(start_s=1.0),
    encoding=EncodingRequest(preset="ultrafast"),
    transcription=TranscriptionRequest(),
    upload=UploadRequest(prefix="a/"),
)


def test_times_of_the_strip():
    """Each frame stands for a twelfth of the video, and every time has its frame."""
    times = strip_times(120.0)
    assert (12, 5.0, 115.0) == (len(times), times[0], times[-1])
    assert list(range(12)) == [place_of(time_s, 120.0) for time_s in times]
    assert [0, 11, 0] == [place_of(-1.0, 120.0), place_of(120.0, 120.0), place_of(1.0, 0.0)]
    assert [0.0, 3.33, 120.0] == [within(time_s, 120.0) for time_s in (-1.0, 3.3333, 130.0)]


@pytest.mark.parametrize(
    ("seconds", "typed"), [(0.0, "0:00"), (7.5, "0:07.5"), (59.999, "1:00"), (83.33, "1:23.33"), (3750.0, "1:02:30")]
)
def test_times_as_they_are_typed(seconds, typed):
    """As the fields of the form take them."""
    assert typed == typed_time(seconds)


@pytest.mark.parametrize(
    ("time_s", "length_s", "part"),
    [(20.0, 60.0, (20.0, 30.0)), (55.0, 60.0, (50.0, 60.0)), (3.0, 7.0, (0.0, 7.0))],
    ids=["in the middle", "at the end", "short"],
)
def test_a_preview_has_the_settings_and_nothing_beside(time_s, length_s, part):
    """Ten seconds in a folder of their own; no captions, no upload, no MP4."""
    made = preview_job(JOB, time_s, length_s, Path("/tmp/p"))
    assert (part, JOB.encoding, JOB.qualities) == (
        (made.trim.start_s, made.trim.end_s),
        made.encoding,
        made.qualities,
    )
    assert (Path("/tmp/p/preview"), None, None, False, Existing.FRESH) == (
        made.folder,
        made.upload,
        made.transcription,
        made.make_mp4,
        made.existing,
    )


def opened(driver):
    """Open the strip for the video in the form, and wait until its frames are there."""
    driver.press(driver.window.source_panel.frames)
    frames = driver.window.frames.window
    driver.until(lambda: all(str(button.cget("image")) for button in frames.frames))
    driver.until(lambda: str(frames.picture.cget("image")))
    driver.settle()
    return frames


def test_the_part_is_chosen_on_the_strip(open_driver):
    """By frames, keys and buttons; the form has what is chosen, and another video closes the window."""
    driver = open_driver()
    assert driver.window.source_panel.frames.instate(["disabled"])
    driver.fill()
    frames, variables = opened(driver), driver.window.variables
    assert [] == faults(frames.window)
    style = frames.window.tk.call
    card, behind = (
        str(style("ttk::style", "lookup", str(one.cget("style")), "-background"))
        for one in (frames.card.body, frames.scale)
    )
    assert card == behind  # the slider stands on the card, not on a strip of another colour
    driver.press(frames.frames[3])
    driver.press(frames.begin)
    for key in ("<Right>", "<Right>", "<Shift-Left>"):
        frames.scale.focus_force()
        driver.settle()
        frames.scale.event_generate(key)
    frames.window.event_generate("<Key-o>")
    driver.settle()
    assert ("0:04.08", "0:05.98") == (variables.part_from.get(), variables.part_to.get())
    assert "0:05.98 of 0:14 · converted from 0:04.08 to 0:05.98" == str(frames.time.cget("text"))
    frames.window.event_generate("<Key-p>")
    driver.settle()
    assert ("0:05.98", True) == (variables.poster.get(), str(frames.time.cget("text")).endswith("poster at 0:05.98"))
    assert "Poster: at 0:05.98." in str(driver.window.source_panel.notes[Setting.POSTER].label.cget("text"))
    driver.press(frames.reset)
    assert ("", "", "") == (variables.part_from.get(), variables.part_to.get(), variables.poster.get())
    driver.fill("/videos/lesson02.mp4")
    driver.until(lambda: driver.window.frames.window is None)


def test_start_ends_a_preview(open_driver):
    """It is stopped at once, and plays nothing; another one is made when the job is over."""
    step = HaltedStep()
    driver = open_driver(FakeServices(preview_step=step))
    driver.fill()
    frames = opened(driver)
    driver.press(frames.frames[0])
    driver.press(frames.preview)
    step.wait_until_reached()
    driver.until(lambda: "Converting ten seconds… 50%" == str(frames.told.cget("text")))
    assert "Stop preview" == str(frames.preview.cget("text"))
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.READY)
    driver.until(lambda: "Preview from here" == str(frames.preview.cget("text")))
    assert ([], 1) == (driver.services.opened, len(driver.services.previews))
    driver.services.preview_step = None
    driver.press(frames.preview)
    driver.until(lambda: "The preview plays in the browser." == str(frames.told.cget("text")))
    made = driver.services.previews[-1]
    assert ([made.folder], (0.58, 10.58)) == (driver.services.opened, (made.trim.start_s, made.trim.end_s))


def test_frames_that_can_not_be_read_are_said(open_driver):
    """One sentence, and everything else goes on."""
    driver = open_driver(FakeServices(frame_error=EncodeError("lesson01.mp4 has no frame at 0.6 s.")))
    driver.fill()
    driver.press(driver.window.source_panel.frames)
    frames = driver.window.frames.window
    driver.until(lambda: "has no frame" in str(frames.told.cget("text")))
    frames.close()
    assert None is driver.window.frames.window


def test_a_real_preview_is_a_stream_of_ten_seconds(sample, tmp_path):
    """It passes the check of every stream; a cancel ends it and says nothing else."""
    asked = preview_job(JOB, 2.0, 14.0, tmp_path)
    asked = Job(**{**vars(asked), "source": sample})
    folder = SourceFrames().preview(asked, Config(), lambda _: None, CancelToken())
    assert ((), True) == (validate(folder).breaking, is_there(folder / MASTER))
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        SourceFrames().preview(asked, Config(), lambda _: cancel.cancel(), cancel)
