"""Looking whether an output folder can be written to."""

from __future__ import annotations

import threading

from pipeline.errors import OutputError
from pipeline.job_folders import check_writable


def test_several_jobs_look_at_one_folder_at_the_same_time(tmp_path):
    """None takes away what another has written to see whether it can; nothing stays."""
    refused: list[OutputError] = []

    def look() -> None:
        try:
            for _ in range(200):
                check_writable(tmp_path / "out")
        except OutputError as error:
            refused.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ([], []) == (refused, list((tmp_path / "out").iterdir()))
