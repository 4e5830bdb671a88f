"""What `cluster.py` has measured, in a file that `costing.py` reads."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.codec import from_json, to_json  # noqa: E402  # the path above must be set first

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class ClusterFigures:
    """CPU seconds that an hour of video takes on a worker that is held to one core: `encode_s` in ffmpeg, `speech_s` in
    Whisper's process, `rest_s` in the worker's own.

    `overhead_s` is how much longer a job takes by the clock than without a queue, in seconds; the others are the hours
    of video that one such worker did in an hour, and two.
    """

    encode_s: float
    speech_s: float
    rest_s: float
    overhead_s: float
    one_worker: float
    two_workers: float
    schema: int = SCHEMA

    @property
    def cpu_s(self) -> float:
        """The CPU seconds of all that an hour of video takes."""
        return self.encode_s + self.speech_s + self.rest_s


def write_figures(figures: ClusterFigures, path: Path) -> None:
    """Write them as JSON."""
    path.write_text(json.dumps(to_json(figures), indent=2) + "\n", encoding="utf-8")


def read_figures(path: Path) -> ClusterFigures:
    """Return what `write_figures` wrote. Raises OSError, ValueError, CodecError."""
    return from_json(ClusterFigures, json.loads(path.read_text(encoding="utf-8")), path.name)
