"""What a version before chapters and subtitles has left: a finished folder stays as it is,
unfinished work is not mixed in.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from converting import Converted, convert
from source_clips import pattern, run, tone

from pipeline.checkpoints import key_of
from pipeline.fingerprint import fingerprint
from pipeline.media.ffmpeg.process import ffmpeg_version, find_ffmpeg

CHANGED = "Chapters or subtitles have changed: the stream is packaged again."
SETTINGS = json.loads("""{
  "qualities": null,
  "encoding": {"codec": "h264", "encoder": "cpu", "preset": "ultrafast", "rate_control": "crf", "target_vmaf": null,
               "segment_type": "ts", "keep_hdr": false, "copy_top": false},
  "sound": {"surround": false, "loudness_lufs": null},
  "encryption": null, "black_bars": false, "mp4": false, "transcription": null
}""")
"""The settings as that version wrote them."""

DONE = json.loads("""{
  "hls": {"duration_s": 4.0, "frame_s": 0.04, "renditions": ["90p"], "audio": [],
          "loudness": [{"integrated_lufs": -21.8, "range_lu": 0.0}], "encoder": "libx264", "chunks": 1,
          "decode_errors": 0, "missing_frames": 0, "accepted": false},
  "package": {"renditions": ["90p"], "captions": null}
}""")
"""What that version knew of a finished folder."""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Four seconds with a tone, two chapters and a subtitle."""
    chapters, cues = tmp_path / "chapters.txt", tmp_path / "cues.srt"
    marks = [f"[CHAPTER]\nTIMEBASE=1/1\nSTART={start}\nEND={start + 2}\ntitle=Part {start}\n" for start in (0, 2)]
    chapters.write_text(";FFMETADATA1\n" + "".join(marks), encoding="utf-8")
    cues.write_text("1\n00:00:00,500 --> 00:00:02,000\nHello\n", encoding="utf-8")
    inputs = (*pattern(size="160x90", length_s=4), *tone(length_s=4), "-i", str(cues), "-i", str(chapters))
    maps = ("-map", "0", "-map", "1", "-map", "2", "-map_chapters", "3", "-c:s", "srt")
    return run(
        tmp_path,
        "clip.mkv",
        *inputs,
        *maps,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
    )


def _fingerprint(clip: Path) -> dict[str, Any]:
    """What that version wrote; the time is another one by now."""
    return fingerprint(clip).fields | {"mtime_ns": 1_700_000_000_000_000_000}


def _write_job(folder: Path, clip: Path, done: dict[str, Any]) -> None:
    stored = {"format": 2, "source_path": str(clip), "source": _fingerprint(clip), "settings": SETTINGS, "done": done}
    (folder / "job.json").write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture
def place(clip: Path, tmp_path: Path) -> Path:
    """Where that version has put the stream of the clip."""
    plain = run(
        tmp_path, "plain.mkv", "-i", str(clip), "-map", "0:v", "-map", "0:a", "-map_chapters", "-1", "-c", "copy"
    )
    folder = convert(plain, tmp_path / "out").folder
    files = {name: len(content) for name, content in _contents(folder).items() if name != "job.json"}
    _write_job(folder, clip, DONE | {"package": DONE["package"] | {"files": files}})
    return folder.parent


def _seconds_of_audio(made: Converted) -> float:
    import av

    with av.open(str(made.folder / "90p" / "index.m3u8")) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def test_a_finished_folder_of_an_older_version_stays_as_it_is(place, clip):
    """Chapters and subtitles that nobody asked for change nothing of what is published, and nothing untrue is said."""
    before = _contents(place / "clip")
    again = convert(clip, place)
    assert ((), before) == (again.findings, _contents(again.folder))
    assert CHANGED not in again.log


def test_chapters_that_are_asked_for_are_put_into_a_folder_of_an_older_version(place, clip, tmp_path):
    """Without an encode; the next run leaves it as it is."""
    listed = tmp_path / "listed.txt"
    listed.write_text("0:00 All of it\n", encoding="utf-8")
    before = (place / "clip" / "90p" / "seg_001.ts").stat().st_ino
    made = convert(clip, place, chapters=listed)
    assert CHANGED in made.log
    assert ["All of it"] == [
        c["titles"][0]["title"] for c in json.loads((made.folder / "chapters.json").read_text(encoding="utf-8"))
    ]
    assert before == (made.folder / "90p" / "seg_001.ts").stat().st_ino
    assert CHANGED not in convert(clip, place, chapters=listed).log


def test_chapters_of_a_file_that_are_no_longer_wanted_give_way(clip, tmp_path):
    """The source's own take their place."""
    listed = tmp_path / "listed.txt"
    listed.write_text("0:00 All of it\n", encoding="utf-8")
    convert(clip, tmp_path / "out", chapters=listed)
    made = convert(clip, tmp_path / "out")
    assert CHANGED in made.log
    titles = [c["titles"][0]["title"] for c in json.loads((made.folder / "chapters.json").read_text(encoding="utf-8"))]
    assert ["Part 0", "Part 2"] == titles


def test_a_stream_is_not_packaged_without_its_audio(tmp_path):
    """Where an earlier version made two audio tracks of mono tracks and now one is muxed,
    what has lost files is made anew.
    """
    tracks = ("-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    inputs = (*pattern(size="160x90", length_s=4), *tone(length_s=4), *tone(length_s=4, frequency_hz=660))
    clip = run(tmp_path, "mono.mov", *inputs, *tracks, "-c:a", "pcm_s16le")
    other = run(tmp_path, "other.mkv", "-i", str(clip), "-map", "0", "-c:v", "copy", "-c:a", "aac")
    folder = convert(other, tmp_path / "out").folder
    files = {name: len(content) for name, content in _contents(folder).items() if name != "job.json"}
    made = {"hls": DONE["hls"] | {"audio": ["audio/und", "audio/und-2"]}, "package": DONE["package"] | {"files": files}}
    assert made["hls"]["audio"] == json.loads((folder / "job.json").read_text(encoding="utf-8"))["done"]["hls"]["audio"]
    _write_job(folder, clip, made)
    before = _contents(folder)
    assert before == _contents(convert(clip, tmp_path / "out").folder)
    (folder / "poster.jpg").unlink()
    again = convert(clip, tmp_path / "out")
    assert ("", (), False) == (again.report.error, again.findings, (folder / "audio").exists())
    assert "An earlier version made other audio tracks of this video: the video is made again." in again.log
    assert abs(_seconds_of_audio(again) - 4.0) < 0.1


@pytest.mark.parametrize("same_ffmpeg", [True, False], ids=["same ffmpeg", "another ffmpeg"])
def test_work_that_an_older_version_was_joining_is_made_anew(clip, tmp_path, same_ffmpeg):
    """Its audio was placed otherwise: neither its pieces nor the files that it was moving are used."""
    partial = tmp_path / "out" / ".clip.partial"
    for piece in ("sound", "0000/90p"):
        (partial / ".checkpoints" / piece).mkdir(parents=True)
    _write_job(partial, clip, {})
    key = key_of([ffmpeg_version(find_ffmpeg("")) if same_ffmpeg else "ffmpeg 4", _fingerprint(clip)], SETTINGS)
    (partial / ".checkpoints" / "sound" / "sound.nut").write_bytes(b"old audio")
    marked = {"key": key, "files": {"sound.nut": 9}, "facts": {"loudness": DONE["hls"]["loudness"], "errors": 0}}
    (partial / ".checkpoints" / "sound" / "done.json").write_text(json.dumps(marked))
    (partial / ".checkpoints" / "0000" / "90p" / "seg_001.ts").write_bytes(b"old")
    moves = [["0000/90p/seg_001.ts", "90p/seg_001.ts", 3]]
    facts = {**DONE["hls"], "durations_s": {"90p": [4.0]}}
    (partial / ".checkpoints" / "moves.json").write_text(json.dumps({"key": key, "moves": moves, "facts": facts}))
    made = convert(clip, tmp_path / "out")
    assert ("", ()) == (made.report.error, made.findings)
    assert abs(_seconds_of_audio(made) - 4.0) < 0.1
