"""Which ffmpeg a job needs, and whether one is recent enough. Pure: starts no program."""

from __future__ import annotations

import re

from pipeline.errors import CodecError, Problem, SettingsError
from pipeline.job import Job

OLDEST = "5.1"
"""The oldest ffmpeg that this version of the program works with: that of Debian 12."""

FOR_VMAF = "7.1"
"""The first that decodes its own output, by which a quality is measured while it is encoded."""

_NUMBER = re.compile(r"ffmpeg version n?((\d+)\.(\d+)\S*)")


def needed_ffmpeg(job: Job) -> str:
    """Return the oldest ffmpeg that can do a job, such as `5.1`."""
    return OLDEST if job.encoding.target_vmaf is None else FOR_VMAF


def check_ffmpeg(version: str, needed: object) -> None:
    """Check that an ffmpeg can do a job: `version` is the first line of its `-version`, `needed` what the job says.

    A build without a number, such as one of the day, is taken for recent. Raises SettingsError where it is too old,
    CodecError where what the job says is no number.
    """
    if not isinstance(needed, str) or not re.fullmatch(r"\d{1,4}\.\d{1,4}", needed):
        raise CodecError("The job in the queue does not say in numbers which ffmpeg it needs: update the program.")
    found = _NUMBER.match(version)
    least = max(_numbers(needed), _numbers(OLDEST))
    if found is None or (int(found[2]), int(found[3])) >= least:
        return
    text = f"The ffmpeg of this machine is {found[1]}, and the video needs {least[0]}.{least[1]} or newer: install a"
    raise SettingsError(Problem(text=f"{text} newer one, or name one with FFMPEG_PATH in .env.", of_machine=True))


def _numbers(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)
