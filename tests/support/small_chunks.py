"""The program with chunks of one segment and stretches of five seconds, so that a short clip is cut like a long one.
Started by a test as a process.

With DIES_AT in the environment it kills itself, and itself alone, at that act of its: a file written, moved or removed,
a folder made or removed, a program or a thread started. With COUNTS_IN it writes there how many acts there were. With
STEPS it stops after each piece of its work (`stepped_work`).
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from stepped_work import stop_after_pieces  # the path above must be set first

from hls_converter import main
from pipeline.media.encode import chunks, shot_changes

chunks.CHUNK_SEGMENTS = 1
chunks.LEAST_SEGMENTS = 1
shot_changes.SHORTEST_S = shot_changes.LONGEST_S = 5

ACTS = {
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "shutil.rmtree",
    "subprocess.Popen",
    "_thread.start_new_thread",
}
_acts = itertools.count(1)
_last = 0
_end = int(os.environ.get("DIES_AT", "0"))


def _act(event: str, arguments: tuple[Any, ...]) -> None:
    global _last
    if event in ACTS or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
        _last = number = next(_acts)
        if number == _end:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    stop_after_pieces()
    sys.addaudithook(_act)
    status = main(sys.argv[1:])
    if "COUNTS_IN" in os.environ:
        Path(os.environ["COUNTS_IN"]).write_text(str(_last))
    sys.exit(status)
