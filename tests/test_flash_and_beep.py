"""The measure of sync itself: what it says of clips whose audio is known to be early, late or right."""

from __future__ import annotations

import flash_and_beep
import pytest


@pytest.mark.parametrize("late_s", [0.0, 0.08, -0.05], ids=["right", "late", "early"])
def test_beeps_are_found_where_they_are(tmp_path, late_s):
    """Within the few milliseconds by which coding blurs them."""
    video, audio = flash_and_beep.inputs()
    moved = ["-itsoffset", f"{1 + late_s}", *audio]
    clip = flash_and_beep.run(tmp_path / "clip.mkv", "-itsoffset", "1", *video, *moved, *flash_and_beep.CODECS)
    assert [pytest.approx(late_s * 1000, abs=4)] * 3 == flash_and_beep.apart_ms(clip)


def test_a_flash_of_a_broken_rate_begins_with_a_frame(tmp_path):
    """23.976 frames a second: the beep is moved to the frame."""
    clip = flash_and_beep.make(tmp_path / "clip.mp4", rate="24000/1001")
    assert [pytest.approx(0, abs=4)] * 3 == flash_and_beep.apart_ms(clip)
