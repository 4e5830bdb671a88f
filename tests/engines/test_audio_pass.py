"""The audio in pieces: what was made before a stop is not made again,
and what is made after it is what would have been made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import av
import flash_and_beep
import numpy as np
import pytest

from pipeline.cancel import CancelToken
from pipeline.checkpoints import Checkpoints
from pipeline.engines.audio_pass import AudioPass, AudioPassResult
from pipeline.engines.tasks import audio_plan
from pipeline.errors import Cancelled
from pipeline.job import Job
from pipeline.media.encode.audio_coding import Length
from pipeline.media.encode.audio_encoder import Level
from pipeline.media.encode.loudness import loudness
from pipeline.media.source.probe import probe
from pipeline.plan import make_plan

LENGTH_S = 130
FORMS = {
    "aac.mp4": ("-c:a", "aac"),
    "aac.mkv": ("-c:a", "aac", "-ar", "44100"),
    "mp3.ts": ("-c:a", "libmp3lame"),
    "opus.webm": ("-c:a", "libopus"),
}

UNCHANGED = Level()

MakePass = Callable[..., AudioPassResult]


@pytest.fixture(params=FORMS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> MakePass:
    """Return what makes the audio of a source of three pieces in a folder, up to so many of them."""
    audio = ["-f", "lavfi", "-i", f"aevalsrc='0.2*sin(300*2*PI*t)+0.1*sin(t*2*PI*(500+t))':s=48000:d={LENGTH_S}"]
    source = flash_and_beep.run(tmp_path / request.param, *audio, *FORMS[request.param])
    media = probe(source)
    plan = make_plan(Job(source=source, output_dir=tmp_path, slug="job"), media)

    def make(name: str, *, until: int | None = None, level: Level = UNCHANGED) -> AudioPassResult:
        def on_piece(count: int) -> None:
            if count == until:
                raise Cancelled

        return AudioPass(
            source,
            audio_plan(plan),
            Checkpoints(tmp_path / name),
            kind="audio",
            key="key",
            levels=[level],
            encodes=True,
            measures=True,
            length=lambda: Length(ticks=LENGTH_S * 90_000),
            on_piece=on_piece,
            on_read=lambda position: None,
            stop=CancelToken(),
        ).run()

    return make


def _decoded(pieces: Sequence[Path]) -> np.ndarray:
    parts = []
    for path in pieces:
        with av.open(str(path)) as container:
            parts += [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(parts, axis=1)


def test_a_stop_costs_a_piece_and_changes_nothing(run, tmp_path):
    """Neither what is heard (but for the noise that AAC decoders make up) nor what was measured."""
    straight = run("straight", level=Level(gain=4.0, ceiling=0.8))
    with pytest.raises(Cancelled):
        run("stopped", until=1, level=Level(gain=4.0, ceiling=0.8))
    first = tmp_path / "stopped" / "audio-0000" / "0.nut"
    made = first.stat().st_mtime_ns
    again = run("stopped", level=Level(gain=4.0, ceiling=0.8))
    assert made == first.stat().st_mtime_ns
    heard = [
        _decoded([tmp_path / name / f"audio-{number:04d}" / "0.nut" for number in range(3)])
        for name in ("straight", "stopped")
    ]
    assert heard[0].shape == heard[1].shape
    assert 0.1 > float(np.abs(heard[0] - heard[1]).max())  # where the rate is another, by less than a sample
    one, other = loudness(straight.powers[0]), loudness(again.powers[0])
    assert pytest.approx(one.integrated_lufs, abs=0.01) == other.integrated_lufs
