"""kill -9 of the program and all that it started, in each phase: the next run does at most the piece again that it was
at.

Each phase is killed twice. What it had finished the first time is there untouched the second time, so it was not made
again; and in the end nobody can tell from the result.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import imageio_ffmpeg
import pytest
from stepped_work import HANGS_S, kill_when, start_stepping

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")

PROGRAM = Path(__file__).parents[1] / "support" / "small_chunks.py"

Marks = Callable[[], dict[str, object]]
"""Return what is finished by its name, with what would change if it was made again."""


def killed_when(command: list[str], steps: Path, marks: Marks, count: int) -> dict[str, object]:
    """Run a command until so many pieces are finished, and kill it and all that it started; return these pieces."""
    silent = subprocess.DEVNULL
    kill_when(start_stepping(command, steps, stdout=silent, stderr=silent), lambda: len(marks()) >= count)
    return marks()


def whole(command: list[str]) -> None:
    """Run a command to its end."""
    subprocess.run(command, check=True, capture_output=True, timeout=HANGS_S)


def pieces(folder: Path, pattern: str) -> Marks:
    """Finished checkpoints, which a run that made one again would replace."""

    def found() -> dict[str, object]:
        marks = (folder / ".checkpoints").glob(f"{pattern}/done.json")
        return {mark.parent.name: (mark.stat().st_ino, mark.stat().st_mtime_ns) for mark in sorted(marks)}

    return found


def lines(path: Path, first: str) -> Marks:
    """Finished parts in a log, which a run that made one again would write another time."""

    def found() -> dict[str, object]:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        done = [line for line in text.splitlines(keepends=True) if line.startswith(first) and line.endswith("}\n")]
        return {str(number): line for number, line in enumerate(done)}

    return found


def killed_twice(command: list[str], steps: Path, marks: Marks, first: int, second: int) -> None:
    """Kill a command twice: what it had finished the first time was not made again."""
    before = killed_when(command, steps, marks, first)
    after = killed_when(command, steps, marks, second)
    assert before.items() <= after.items()
    assert first <= len(before) < second <= len(after)


def make(target: Path, *arguments: str) -> Path:
    """Make a clip."""
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments, str(target)], check=True)
    return target


def program(*arguments: object) -> list[str]:
    """The program with small chunks."""
    return [sys.executable, str(PROGRAM), *map(str, arguments)]


def stream_files(folder: Path) -> dict[str, bytes]:
    """What players get."""
    paths = (path for path in folder.rglob("*") if path.suffix in (".ts", ".m3u8", ".m4s", ".mp4", ".vtt", ".srt"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_video(tmp_path):
    """Two chunks side by side are made again at most."""
    shown = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=40")
    clip = make(tmp_path / "clip.mkv", *shown, "-c:v", "libx264", "-preset", "ultrafast", "-g", "50")
    options = ("--encoder", "cpu", "--preset", "veryfast", "--no-mp4")
    command = program("convert", clip, "-o", tmp_path / "out", *options)
    killed_twice(command, tmp_path / "steps", pieces(tmp_path / "out/.clip.partial", "[0-9]*"), 2, 4)
    whole(command)
    whole(program("convert", clip, "-o", tmp_path / "straight", *options))
    assert stream_files(tmp_path / "straight/clip") == stream_files(tmp_path / "out/clip")


def test_mp4(tmp_path):
    """One that no rendition has the size of is encoded in chunks as well."""
    shown = ("-f", "lavfi", "-i", "testsrc2=size=854x480:rate=25:duration=30", "-f", "lavfi", "-i", "sine=duration=30")
    clip = make(tmp_path / "clip.mkv", *shown, "-c:v", "libx264", "-preset", "ultrafast", "-g", "50")
    options = ("--encoder", "cpu", "--preset", "veryfast", "--qualities", "360p")
    command = program("convert", clip, "-o", tmp_path / "out", *options)
    work = tmp_path / "out/.clip.partial"
    chunks = pieces(work, "[0-9]*")

    def made() -> dict[str, object]:
        return chunks() if list((work / ".checkpoints").glob("*/480p")) else {}

    killed_twice(command, tmp_path / "steps", made, 1, 3)
    whole(command)
    whole(program("convert", clip, "-o", tmp_path / "straight", *options))
    assert stream_files(tmp_path / "straight/clip") == stream_files(tmp_path / "out/clip")
    with av.open(str(tmp_path / "out/clip/offline_480p.mp4")) as mp4:
        assert (854, 480, 30) == (mp4.streams.video[0].width, mp4.streams.video[0].height, mp4.duration // av.time_base)
    assert [] == [path.name for path in (tmp_path / "out/clip").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("options", [(), ("--loudness", "-16")], ids=["encoded", "measured before"])
def test_audio(tmp_path, options):
    """A minute of audio is made again at most, of the pass that measures, too."""
    noise = ("-f", "lavfi", "-i", "anoisesrc=color=brown:sample_rate=48000:amplitude=0.3:seed=1:duration=240")
    clip = make(tmp_path / "clip.wav", *noise)
    command = program("convert", clip, "-o", tmp_path / "out", *options)
    kind = "measured" if options else "encoded"
    killed_twice(command, tmp_path / "steps", pieces(tmp_path / "out/.clip.partial", f"audio/{kind}-*"), 1, 3)
    whole(command)
    whole(program("convert", clip, "-o", tmp_path / "straight", *options))
    assert stream_files(tmp_path / "straight/clip") == stream_files(tmp_path / "out/clip")


@pytest.fixture(scope="module")
def talk(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's speech ten times, over two minutes."""
    target = tmp_path_factory.mktemp("talk") / "talk.m4a"
    return make(target, "-stream_loop", "9", "-i", str(sample), "-vn", "-c:a", "copy")


def transcript(folder: Path) -> list[tuple[str, float]]:
    """What was heard, and when."""
    made = json.loads((folder / "talk.json").read_text(encoding="utf-8"))
    return [(segment["text"], segment["start"]) for segment in made["segments"]]


def the_same(straight: Path, resumed: Path) -> None:
    """The words are the same, and so are their times, but for what the beginning of a window changes."""
    one, other = transcript(straight), transcript(resumed)
    assert [text for text, _ in one] == [text for text, _ in other]
    assert [start_s for _, start_s in one] == pytest.approx([start_s for _, start_s in other], abs=0.1)


def test_speech(tmp_path, talk, small_model):
    """A window of half a minute is heard again at most."""
    options = ("--model", small_model)
    command = program("transcribe", talk, "-o", tmp_path / "out", *options)
    log = tmp_path / "out/.talk.transcript.partial/.heard.jsonl"
    killed_twice(command, tmp_path / "steps", lines(log, '{"segment"'), 8, 20)
    whole(command)
    whole(program("transcribe", talk, "-o", tmp_path / "straight", *options))
    the_same(tmp_path / "straight", tmp_path / "out")


def test_alignment(tmp_path, talk, small_model, sample):
    """A window of at most twenty seconds of a script is aligned again."""
    script = tmp_path / "script.txt"
    script.write_text(sample.with_suffix(".txt").read_text(encoding="utf-8") * 10, encoding="utf-8")
    options = ("--model", small_model, "--align", script)
    command = program("transcribe", talk, "-o", tmp_path / "out", *options)
    log = tmp_path / "out/.talk.transcript.partial/.heard.aligned.jsonl"
    killed_twice(command, tmp_path / "steps", lines(log, '{"part"'), 2, 4)
    whole(command)
    whole(program("transcribe", talk, "-o", tmp_path / "straight", *options))
    the_same(tmp_path / "straight", tmp_path / "out")


def test_changes_of_shot(tmp_path, talk, small_model):
    """A stretch of about a minute's work is looked through again."""
    shown = ("-f", "lavfi", "-i", "testsrc2=size=960x540:rate=25:duration=40", "-i", str(talk), "-shortest")
    clip = make(tmp_path / "talk.mkv", *shown, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "copy")
    command = program("transcribe", clip, "-o", tmp_path / "out", "--model", small_model)
    killed_twice(
        command, tmp_path / "steps", lines(tmp_path / "out/.talk.transcript.partial/.shots.jsonl", '{"part"'), 2, 4
    )
    whole(command)
    whole(program("transcribe", clip, "-o", tmp_path / "straight", "--model", small_model))
    assert (tmp_path / "straight/talk.srt").read_bytes() == (tmp_path / "out/talk.srt").read_bytes()
