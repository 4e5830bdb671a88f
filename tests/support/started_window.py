"""The window as a process of its own, with chunks of one segment, in which somebody has pressed Start.

Started by a test with a video, an output folder, a folder for data and a file for preferences. With STEPS in the
environment it stops after each piece of its work (`stepped_work`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from stepped_work import stop_after_pieces  # the path above must be set first

from config import Config
from installation import FilePlace
from pipeline.media.encode import chunks
from ui.services import PipelineServices
from ui.window import MainWindow

LOOK_MS = 50

chunks.CHUNK_SEGMENTS = 1
chunks.LEAST_SEGMENTS = 1


def main(video: str, output_dir: str, data_dir: str, preferences: str) -> None:
    """Open the window, fill its form in, and press Start when the video is known."""
    config = Config(data_dir=Path(data_dir), ffmpeg_path=os.environ.get("FFMPEG_PATH", ""))
    place = FilePlace(read=Path(preferences), write=Path(preferences))
    window = MainWindow(config=config, preferences=place, services=PipelineServices())
    window.variables.output_dir.set(output_dir)
    window.variables.transcribe.set(False)
    window.variables.make_mp4.set(False)
    window.variables.source.set(video)

    def start() -> None:
        if window.controller.state.source.media is None:
            window.after(LOOK_MS, start)
        else:
            window.actions.start.invoke()

    window.after(LOOK_MS, start)
    window.mainloop()


if __name__ == "__main__":
    stop_after_pieces()
    main(*sys.argv[1:])
