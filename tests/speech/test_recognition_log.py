"""What has been heard survives a kill: the next run goes on from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, OutputError
from pipeline.speech.recognition_log import RecognitionLog, Recognized
from pipeline.speech.transcribe import transcribe
from pipeline.speech.transcript import Segment, Word

ROOT = Path(__file__).resolve().parents[2]
SEGMENT = Segment(
    start_s=1.0,
    end_s=2.0,
    text="Grüße",
    words=(Word(start_s=1.0, end_s=2.0, text=" Grüße", probability=0.75),),
    language="de",
)
KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.cancel import CancelToken
from pipeline.speech.child import WhisperProcess
from pipeline.speech.recognition_log import RecognitionLog
from pipeline.speech.transcribe import transcribe

def killed(fraction: float) -> None:
    if fraction > 0.5:
        os.kill(os.getpid(), signal.SIGKILL)

source, model, log = sys.argv[1:]
with WhisperProcess() as whisper:
    transcribe(whisper, Path(source), CancelToken(), model=model, report=killed, log=RecognitionLog(Path(log), "key"))
"""


def seconds_in(path: Path) -> list[float]:
    """Up to where the audio had been heard each time that it was noted."""
    return [line["seconds"] for line in map(json.loads, path.read_text("utf-8").splitlines()) if "seconds" in line]


@pytest.mark.skipif(sys.platform == "win32", reason="a kill as POSIX has it")
def test_a_killed_run_goes_on(sample, small_model, tmp_path, whisper):
    """After a kill, what was heard before is not heard again, and the transcript is that of one run."""
    path = tmp_path / "heard.jsonl"
    command = [sys.executable, "-c", KILLED, str(sample), str(small_model), str(path)]
    killed = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert (-signal.SIGKILL, True) == (killed.returncode, 7 < seconds_in(path)[-1] < 14)
    fractions: list[float] = []
    log = RecognitionLog(path, "key")
    resumed = transcribe(whisper, sample, CancelToken(), model=str(small_model), report=fractions.append, log=log)
    assert (True, sorted(fractions), 1.0) == (fractions[0] > 0.5, fractions, fractions[-1])
    whole = transcribe(whisper, sample, CancelToken(), model=str(small_model))
    assert [segment.text for segment in whole.segments] == [segment.text for segment in resumed.segments]
    assert [s.start_s for s in whole.segments] == pytest.approx([s.start_s for s in resumed.segments], abs=0.05)
    assert (whole.language, whole.language_probability) == (resumed.language, resumed.language_probability)
    assert (whole.origin, pytest.approx(whole.duration_s)) == (resumed.origin, resumed.duration_s)


def test_a_cancelled_run_goes_on_where_the_audio_is_late(sample, small_model, tmp_path, whisper):
    """The times stay right when the audio begins before the video and only a part of it is heard."""
    cancel, path = CancelToken(), tmp_path / "heard.jsonl"

    def stop(fraction: float) -> None:
        if fraction > 0.5:
            cancel.cancel()

    part = {"model": str(small_model), "offset_s": -3.0, "limit_s": 10.0}
    with pytest.raises(Cancelled):
        transcribe(whisper, sample, cancel, **part, report=stop, log=RecognitionLog(path, "key"))
    resumed = transcribe(whisper, sample, CancelToken(), **part, log=RecognitionLog(path, "key"))
    texts = ["chapter seven", "video camera five", "thank you the end"]
    assert (texts, [1.15, 4.5, 8.2]) == (
        [segment.text for segment in resumed.segments],
        pytest.approx([segment.start_s for segment in resumed.segments], abs=0.15),
    )


def test_a_finished_log_is_not_heard_again(sample, small_model, tmp_path, whisper):
    """A run that was killed after the last word has only to write the transcript."""
    log = RecognitionLog(tmp_path / "heard.jsonl", "key")
    whole = transcribe(whisper, sample, CancelToken(), model=str(small_model), log=log)
    again = transcribe(whisper, sample, CancelToken(), model=str(small_model), log=log)
    assert (whole.segments, whole.language, whole.duration_s) == (again.segments, again.language, again.duration_s)


def kept(path: Path, key: str = "key") -> RecognitionLog:
    """A log in which one window was noted."""
    log = RecognitionLog(path, key)
    log.begin(Recognized())
    log.add((SEGMENT,), Recognized(seconds=3.0, language="de", language_probability=0.5))
    log.close()
    return log


def test_what_was_noted_is_read(tmp_path):
    """Segments, time and language come back as they were."""
    heard = Recognized(seconds=3.0, language="de", language_probability=0.5, segments=(SEGMENT,))
    assert heard == kept(tmp_path / "log").read()
    log = RecognitionLog(tmp_path / "log", "key")
    log.begin(heard)
    log.close()
    assert heard == log.read()


@pytest.mark.parametrize(
    "tail",
    ['{"segment": {"start_s": 3.0, "en', '{"segment": {}}\n', '{"seconds": 9.', "\0\0\0\0"],
    ids=["half a segment", "a segment without its mark", "half a mark", "zeros of a power cut"],
)
def test_a_broken_end(tail, tmp_path):
    """What follows the last whole mark is heard again."""
    path = tmp_path / "log"
    kept(path)
    path.write_text(path.read_text(encoding="utf-8") + tail, encoding="utf-8")
    assert (3.0, (SEGMENT,)) == ((heard := RecognitionLog(path, "key").read()).seconds, heard.segments)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"\xff\xfe", b"[]\n", b'{"schema": 1, "key": "another"}\n{"seconds": 3}\n', b'{"seconds": "x"}\n'],
    ids=["none", "empty", "no text", "other JSON", "another work", "no head"],
)
def test_what_is_no_log_of_this_work(content, tmp_path):
    """A file that is missing, broken or another work's is no progress."""
    if content is not None:
        (tmp_path / "log").write_bytes(content)
    assert Recognized() == RecognitionLog(tmp_path / "log", "key").read()


def test_a_log_that_cannot_be_written(tmp_path):
    """A folder that is gone is one sentence."""
    with pytest.raises(OutputError, match=r"can't be written .*: free some space"):
        RecognitionLog(tmp_path / "gone" / "log", "key").begin(Recognized())
