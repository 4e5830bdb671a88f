"""Real words come out of real files, on the video's clock, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path

import psutil
import pytest

from config import VERSION
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, SpeechError
from pipeline.speech.transcribe import transcribe
from pipeline.speech.transcript import WhisperSettings

pytestmark = pytest.mark.usefixtures("no_child_left")

SPOKEN_AT_S = (0.8, 4.15, 7.5, 11.2)
"""Where the sample's phrases begin, see samples/make_clip.py."""

DEADLINE_S = 60


def phrases(sample: Path) -> list[str]:
    """What is said in the sample."""
    return sample.with_suffix(".txt").read_text(encoding="utf-8").splitlines()


def test_the_samples_words(sample, small_model, whisper):
    """The small model hears the sample's words, each phrase where it is spoken, and tells how far it is."""
    fractions: list[float] = []
    heard = transcribe(whisper, sample, CancelToken(), model=str(small_model), report=fractions.append)
    assert phrases(sample) == [segment.text for segment in heard.segments]
    assert SPOKEN_AT_S == pytest.approx([segment.start_s for segment in heard.segments], abs=0.2)
    assert ("en", 14.0) == (heard.language, pytest.approx(heard.duration_s, abs=0.1))
    assert phrases(sample) == ["".join(word.text for word in segment.words).strip() for segment in heard.segments]
    assert (sorted(fractions), 1.0) == (fractions, fractions[-1])


def test_how_sure_whisper_was(sample, small_model, whisper):
    """Every word has its probability, every segment what Whisper tells of it, the transcript by what it was made."""
    heard = transcribe(whisper, sample, CancelToken(), model=str(small_model))
    words = [word for segment in heard.segments for word in segment.words]
    assert [True] * len(words) == [0 < (word.probability or 0) <= 1 for word in words]
    for segment in heard.segments:
        measured = (segment.mean_log_probability, segment.no_speech_probability, segment.compression_ratio)
        assert ("en", [float] * 3) == (segment.language, [type(number) for number in measured])
        assert (True, True, True) == (measured[0] < 0, 0 <= measured[1] <= 1, 0 < measured[2] < 2.4)
    assert (VERSION, small_model.name) == (heard.origin.program_version, heard.origin.model)
    machine = {name: getattr(heard.origin.settings, name) for name in ("device", "compute_type")}
    assert WhisperSettings(language=None, beam_size=5, condition_on_previous_text=False, **machine) == (
        heard.origin.settings
    )
    assert {"cpu": "int8", "cuda": "float"}[machine["device"]] in machine["compute_type"]


def test_the_offset_moves_every_time(sample, small_model, whisper):
    """Audio that starts later than the video has its words later too."""
    heard = transcribe(whisper, sample, CancelToken(), model=str(small_model), language="en", offset_s=5.0)
    assert [t + 5.0 for t in SPOKEN_AT_S] == pytest.approx([segment.start_s for segment in heard.segments], abs=0.2)
    assert SPOKEN_AT_S[0] + 5.0 == pytest.approx(heard.segments[0].words[0].start_s, abs=0.2)
    assert 19.0 == pytest.approx(heard.duration_s, abs=0.1)


@pytest.mark.parametrize(
    "source",
    ["anullsrc=d=4", "sine=f=440:d=4", "anoisesrc=d=4:a=0.2", "anullsrc=d=0.01"],
    ids=["silence", "tone", "noise", "a blink"],
)
def test_no_speech_is_no_transcript(source, make_audio, small_model, whisper):
    """Silence, a steady tone and noise give no words and no language."""
    heard = transcribe(
        whisper, make_audio("quiet.wav", "-f", "lavfi", "-i", source), CancelToken(), model=str(small_model)
    )
    assert ((), None) == (heard.segments, heard.language)


@pytest.mark.parametrize("name", ["a 'b\" %d #1 & ünï 😀.mp4", "-y.mp4"], ids=["odd signs", "leading dash"])
def test_odd_file_names(name, tmp_path, sample, small_model, monkeypatch, whisper):
    """A file's name may hold anything, also when it is given without its folder."""
    shutil.copy(sample, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    heard = transcribe(whisper, Path(name), CancelToken(), model=os.path.relpath(small_model))
    assert phrases(sample) == [segment.text for segment in heard.segments]


def test_a_file_that_is_no_video(tmp_path, small_model, whisper):
    """A file without audio in it is an error with a sentence that names it."""
    path = tmp_path / "notes.mp4"
    path.write_text("shopping list\n" * 100, encoding="utf-8")
    with pytest.raises(SpeechError, match=r"The audio of .*notes\.mp4 can't be read: check that the file plays\.$"):
        transcribe(whisper, path, CancelToken(), model=str(small_model))


def test_cancel_while_it_listens(sample, small_model, whisper):
    """Cancelled between two segments, it ends with `Cancelled` and its child process is gone."""
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        transcribe(whisper, sample, cancel, model=str(small_model), report=lambda fraction: cancel.cancel())


def test_cancel_while_it_loads(sample, hanging, whisper_in):
    """Cancelled while the child process is busy and silent, it ends."""
    cancel = CancelToken()
    thread = threading.Thread(target=cancel.cancel)
    with pytest.raises(Cancelled):
        transcribe(whisper_in(hanging), sample, cancel, model="base", on_download=lambda _: thread.start())
    thread.join()


def test_a_child_that_ignores_the_request_to_end_is_killed(sample, meddler, small_model, whisper_in, tmp_path):
    """A child process that does not end when asked is killed."""
    cancel = CancelToken()
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); end, os._exit = os._exit, print"
    ignoring = f"os.open(os.environ['READY'], os.O_WRONLY); time.sleep({DEADLINE_S}); os.mkdir(os.environ['LEFT'])"
    environment = meddler(f"{deaf}; {ignoring}; end(0)")
    ready, left = tmp_path / "ready", tmp_path / "left"
    os.mkfifo(ready)

    def cancel_when_ready() -> None:
        with ready.open("rb"):
            cancel.cancel()

    thread = threading.Thread(target=cancel_when_ready)
    thread.start()
    whisper = whisper_in({**environment, "READY": str(ready), "LEFT": str(left)})
    with pytest.raises(Cancelled):
        transcribe(whisper, sample, cancel, model=str(small_model))
    thread.join()
    assert not left.exists()


def test_cancelled_before_it_starts(sample, small_model, whisper):
    """A job that is cancelled already starts no child process."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        transcribe(whisper, sample, cancel, model=str(small_model))


def test_what_libraries_print_does_no_harm(sample, small_model, meddler, whisper_in):
    """What a library prints is not taken for an answer."""
    environment = meddler("""os.write(1, b'{"kind": "result"}\\n17\\n'); print('hello')""")
    heard = transcribe(whisper_in(environment), sample, CancelToken(), model=str(small_model))
    assert phrases(sample) == [segment.text for segment in heard.segments]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "os.kill(os.getpid(), 9)",
            r"Whisper stopped before its end \(exit status -9\): close other programs or choose a smaller model\.",
        ),
        (
            "raise KeyError('inner')",
            r"Whisper failed with the model '.*' \('inner'\): start again or choose another model\.",
        ),
    ],
    ids=["killed", "broken"],
)
def test_a_child_that_fails(line, message, sample, small_model, meddler, capfd, whisper_in):
    """A child process that dies or breaks is one sentence; no traceback reaches the user."""
    with pytest.raises(SpeechError, match=f"^{message}$"):
        transcribe(whisper_in(meddler(line)), sample, CancelToken(), model=str(small_model))
    assert ("", "") == tuple(capfd.readouterr())


def test_the_child_ends_with_its_parent(sample, hanging):
    """When this program is killed, the child process ends by itself."""
    code = (
        "import sys, psutil; from pathlib import Path; from pipeline.cancel import CancelToken\n"
        "from pipeline.speech.child import WhisperProcess\n"
        "from pipeline.speech.transcribe import transcribe\n"
        "say = lambda _: print(psutil.Process().children()[0].pid, flush=True)\n"
        f"transcribe(WhisperProcess(), Path({str(sample)!r}), CancelToken(), model='base', on_download=say)\n"
    )
    root = Path(__file__).resolve().parents[2]
    with psutil.Popen([sys.executable, "-c", code], cwd=root, env=hanging, stdout=-1) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, alive = psutil.wait_procs([child], timeout=DEADLINE_S)
    assert ([child], []) == (gone, alive)
