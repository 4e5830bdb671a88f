"""The program with chunks of one segment, so that a short clip is cut like a long one. Started by a test as a process."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hls_converter import main  # the path above must be set first
from pipeline.media import chunks

chunks.CHUNK_SEGMENTS = 1

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
