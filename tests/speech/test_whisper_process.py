"""One process of Whisper serves many requests, loads its model once, and is replaced where it failed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from watched_whisper import WatchedWhisper

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, SpeechError
from pipeline.speech import child
from pipeline.speech.audio_tracks import ChosenAudio, Track, choose_audio
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import find_model, load_model
from pipeline.speech.transcribe import transcribe

pytestmark = pytest.mark.usefixtures("no_child_left")

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 60
DIED = r"^Whisper stopped before its end \(exit status -9\): close other programs or choose a smaller model\.$"


@pytest.fixture
def watched() -> Iterator[WatchedWhisper]:
    """Whisper's process, watched."""
    with WatchedWhisper() as process:
        yield process


def test_two_files_with_one_load(watched, sample, small_model):
    """And what comes before each, a look for the model and for the audio, is served by the same process."""
    size = find_model(watched, str(small_model), CancelToken())
    assert ((small_model / "model.bin").stat().st_size, 0) == (size, watched.loads)
    load_model(watched, str(small_model), CancelToken(), language="en")
    first, tracks = watched.pid, [Track(index=1, channels=2)]
    heard = []
    for _ in range(2):
        assert ChosenAudio(track=tracks[0]) == choose_audio(watched, sample, tracks, CancelToken())
        heard.append(transcribe(watched, sample, CancelToken(), model=str(small_model)))
    assert (heard[0], 1, first) == (heard[1], watched.loads, watched.pid)
    assert 4 == len(heard[0].segments)


@pytest.mark.parametrize("set_by_user", ["PASSIVE", "ACTIVE"])
def test_threads_that_wait_leave_the_cores_to_others(monkeypatch, watched, small_model, set_by_user):
    """Whatever the user has set is left as it is."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if set_by_user == "ACTIVE":
        monkeypatch.setenv("OMP_WAIT_POLICY", set_by_user)
    find_model(watched, str(small_model), CancelToken())
    assert set_by_user == psutil.Process(watched.pid).environ()["OMP_WAIT_POLICY"]


def test_no_process_before_it_is_needed():
    """A run without a transcript starts none."""
    with WatchedWhisper() as process:
        assert (None, False) == (process.pid, process.holds("base"))


def test_nothing_is_left(sample, small_model):
    """When the block is left, process and thread are gone."""
    with WatchedWhisper() as process:
        transcribe(process, sample, CancelToken(), model=str(small_model))
        assert (True, True) == (process.pid is not None, process.holds(str(small_model)))
    assert (None, []) == (process.pid, [t.name for t in threading.enumerate() if t.name.startswith("whisper")])


def test_killed_between_two_requests(watched, small_model):
    """The next request has a new process, and nobody is told."""
    load_model(watched, str(small_model), CancelToken())
    first = watched.pid
    watched.kill()
    load_model(watched, str(small_model), CancelToken())
    assert (True, 2) == (first != watched.pid, watched.loads)


def test_killed_before_anybody_noticed(watched, small_model, monkeypatch):
    """It dies after it was looked at, but has not accepted the request, so that nothing of it is done twice."""
    load_model(watched, str(small_model), CancelToken())
    first = watched.pid
    watched.kill()
    monkeypatch.setattr(child._Child, "alive", True)
    load_model(watched, str(small_model), CancelToken())
    assert (True, 2) == (first != watched.pid, watched.loads)


def test_killed_while_it_hears(watched, sample, small_model, meddler, monkeypatch):
    """The request fails with a sentence, the next one is served."""
    held = meddler(
        "import json, signal; say = json.dumps;"
        " json.dumps = lambda facts: signal.pause() if facts['kind'] == 'result' else say(facts)"
    )
    with monkeypatch.context() as patched, pytest.raises(SpeechError, match=DIED):
        patched.setenv("PYTHONPATH", held["PYTHONPATH"])
        transcribe(watched, sample, CancelToken(), model=str(small_model), report=lambda fraction: watched.kill())
    assert 4 == len(transcribe(watched, sample, CancelToken(), model=str(small_model)).segments)
    assert 2 == watched.loads


def test_cancelled_while_it_hears(watched, sample, small_model):
    """The process ends with the request, as it would listen on; the next one is served by another."""
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        transcribe(watched, sample, cancel, model=str(small_model), report=lambda fraction: cancel.cancel())
    assert None is watched.pid
    assert 4 == len(transcribe(watched, sample, CancelToken(), model=str(small_model)).segments)


def test_cancelled_after_the_last_answer(watched, small_model):
    """A request that has its result leaves the process as it is, and the next one knows nothing of it."""
    cancel = CancelToken()
    request = {"task": "load", "model": str(small_model), "is_folder": True, "language": None, "translate": False}
    with watched.answers(request, cancel) as answers:
        assert ["loaded", "result"] == [answer["kind"] for answer in answers]
        cancel.cancel()
    first = watched.pid
    load_model(watched, str(small_model), CancelToken())
    assert (first, 1) == (watched.pid, watched.loads)


def test_a_failed_request_ends_the_process(watched, tmp_path, sample, small_model):
    """What state it is in, nobody knows."""
    broken = tmp_path / "broken.mp4"
    broken.write_text("nothing", encoding="utf-8")
    with pytest.raises(SpeechError, match=r"can't be read: check that the file plays"):
        transcribe(watched, broken, CancelToken(), model=str(small_model))
    assert None is watched.pid
    assert 4 == len(transcribe(watched, sample, CancelToken(), model=str(small_model)).segments)


def test_another_model(watched, small_model, tmp_path):
    """It gets a process of its own: what the first one took is given back whole."""
    other = shutil.copytree(small_model, tmp_path / "other")
    load_model(watched, str(small_model), CancelToken())
    first = watched.pid
    load_model(watched, str(other), CancelToken())
    assert (True, 2) == (first != watched.pid, watched.loads)
    assert (False, True) == (watched.holds(str(small_model)), watched.holds(str(other)))


def test_a_language_that_the_loaded_model_does_not_know(watched, small_model):
    """It is refused by name, also by a model that is loaded already."""
    load_model(watched, str(small_model), CancelToken())
    with pytest.raises(SpeechError, match=r"^Whisper doesn't know the language code 'xx'"):
        load_model(watched, str(small_model), CancelToken(), language="xx")


def test_who_waits_for_another_can_be_cancelled(watched, sample, small_model):
    """Two threads ask at once: the second one waits, and ends when it is cancelled, and the first one goes on."""
    cancel = CancelToken()
    ended: list[str] = []

    def wait() -> None:
        try:
            load_model(watched, str(small_model), cancel)
        except Cancelled:
            ended.append("cancelled")

    waiting = threading.Thread(target=wait)

    def begin_and_cancel(fraction: float) -> None:
        if not ended:
            waiting.start()
            cancel.cancel()
            waiting.join(DEADLINE_S)

    heard = transcribe(watched, sample, CancelToken(), model=str(small_model), report=begin_and_cancel)
    assert (["cancelled"], 4, 1) == (ended, len(heard.segments), watched.loads)


def test_two_threads_at_once(watched, sample, small_model):
    """Their requests are served one after the other."""
    heard: list[int] = []

    def work() -> None:
        heard.append(len(transcribe(watched, sample, CancelToken(), model=str(small_model)).segments))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ([4, 4], 1) == (heard, watched.loads)


def test_stopped_for_good_is_killed(small_model):
    """A child that does not react to the request to end, as one that the system has stopped, is gone all the same."""
    with WatchedWhisper() as process:
        load_model(process, str(small_model), CancelToken())
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
    assert None is process.pid


def test_a_program_that_cannot_be_started(small_model, monkeypatch):
    """It is a sentence, and nothing is left."""
    monkeypatch.setattr(child.installation, "command", lambda name: ["/nowhere/whisper"])
    with WhisperProcess() as process, pytest.raises(SpeechError, match=r"^Whisper can't be started \(No such file"):
        load_model(process, str(small_model), CancelToken())


def test_it_ends_with_this_program_while_it_waits(small_model):
    """When the program is killed between two videos, the process with the model ends by itself."""
    code = (
        "import psutil, sys; from pipeline.cancel import CancelToken\n"
        "from pipeline.speech.child import WhisperProcess\n"
        "from pipeline.speech.model import load_model\n"
        f"load_model(whisper := WhisperProcess(), {str(small_model)!r}, CancelToken())\n"
        "print(psutil.Process().children()[0].pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with psutil.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=-1, stdout=-1) as parent:
        left = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, alive = psutil.wait_procs([left], timeout=DEADLINE_S)
    assert ([left], []) == (gone, alive)
