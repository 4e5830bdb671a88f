"""Recordings whose video changes tracks, or whose clock jumps: said in a sentence, with the times,
and nothing is lost unsaid.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from source_clips import pattern, run, tone

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.events import LogLevel, LogLine
from pipeline.job import EncoderFamily, EncodingRequest, Job
from pipeline.media.encode.damage_search import find_damage
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.source.probe import probe
from pipeline.model import JobReport, Outcome
from ui.messages import SourceOptions
from ui.source_view import ACCEPTED, NOT_CONVERTED, SourceView, treated

CODEC = ("-c:v", "mpeg2video", "-b:v", "300k", "-c:a", "aac", "-muxdelay", "0", "-muxpreload", "0")


def _joined(folder: Path, *parts: tuple[str, ...]) -> Path:
    """Make a transport stream of parts of 6 s, each with its own options of the muxer."""
    whole = folder / "joined.ts"
    with whole.open("wb") as target:
        for n, options in enumerate(parts):
            part = run(folder, f"part{n}.ts", *pattern(size="160x90", length_s=6), *tone(length_s=6), *CODEC, *options)
            target.write(part.read_bytes())
    return whole


def _convert(source: Path, *, accept_damaged: bool = False) -> tuple[JobReport, list[str]]:
    warnings: list[str] = []

    def note(event: object) -> None:
        if isinstance(event, LogLine) and event.level is LogLevel.WARNING:
            warnings.append(event.text)

    asked = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU)
    out = source.parent / "out"
    job = Job(source=source, output_dir=out, slug="job", encoding=asked, make_mp4=False, accept_damaged=accept_damaged)
    return wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), note, CancelToken()), warnings


def _chosen(source: Path, *, accept_damaged: bool = False) -> SourceView:
    """Return what the window says of a source that was looked through when it was chosen."""
    media = probe(source)
    found = find_damage(media, find_ffmpeg(""), CancelToken())
    return treated(SourceView(media=media, searched=found), SourceOptions(accept_damaged=accept_damaged))


MOVED = "has its video from 0:00 to 0:06 in one track and from 0:06 to 0:12 in another"
IN_PARTS = "export it as one file, or convert its parts"
SILENT = "has neither video nor audio from 0:06 to {end}"


def test_a_video_that_goes_on_in_another_track_is_no_whole_film(tmp_path):
    """The second half has other packet identifiers, which ffmpeg does not follow."""
    source = _joined(tmp_path, (), ("-output_ts_offset", "6", "-mpegts_start_pid", "0x300"))
    report, _ = _convert(source)
    chosen = _chosen(source)
    assert (Outcome.FAILED, f"{source} {MOVED}: {IN_PARTS}.") == (report.outcome, report.error)
    assert (True, f"H{MOVED[1:]}: {NOT_CONVERTED}") == (chosen.refused, chosen.damage)


def test_half_a_video_may_be_accepted(tmp_path):
    """Then it is a warning."""
    source = _joined(tmp_path, (), ("-output_ts_offset", "6", "-mpegts_start_pid", "0x300"))
    report, warnings = _convert(source, accept_damaged=True)
    chosen = _chosen(source, accept_damaged=True)
    assert (Outcome.DONE, True) == (report.outcome, f"{source} {MOVED}." in warnings)
    assert (False, f"H{MOVED[1:]}: {ACCEPTED}") == (chosen.refused, chosen.damage)


def test_recordings_whose_clocks_start_over_are_refused(tmp_path):
    """Nobody can accept that, so there is no button for it: what to do is said."""
    source = _joined(tmp_path, (), ())
    said = f"consists of recordings whose timestamps start over: {IN_PARTS}"
    chosen = _chosen(source)
    assert (False, f"C{said[1:]}") == (chosen.refused, chosen.damage)
    report, _ = _convert(source, accept_damaged=True)
    assert (Outcome.FAILED, f"{source} {said}.") == (report.outcome, report.error)


def test_another_video_beside_it_is_no_half_of_it(tmp_path):
    """Two cameras, or a small video for previews."""
    source = run(tmp_path, "two.mkv", *pattern(), *pattern(size="160x90"), "-map", "0", "-map", "1", *CODEC[:4])
    report, warnings = _convert(source)
    assert (Outcome.DONE, []) == (report.outcome, [w for w in warnings if "in another" in w])


@pytest.mark.parametrize(("offset_s", "end"), [(17, "0:17"), (1006, "16:46")])
def test_a_clock_that_jumps_is_said(tmp_path, offset_s, end):
    """A short hole is filled with the last frame; where there would be nothing else, the file is refused."""
    source = _joined(tmp_path, (), ("-output_ts_offset", str(offset_s)))
    report, warnings = _convert(source)
    assert (report.outcome is Outcome.FAILED) == _chosen(source).refused
    said = f"{source} {SILENT.format(end=end)}"
    if offset_s > 1000:
        assert (Outcome.FAILED, True) == (report.outcome, report.error.startswith(said))
    else:
        assert (Outcome.DONE, f"{said}: the last frame is held until it goes on.") == (report.outcome, warnings[0])
