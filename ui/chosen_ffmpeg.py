"""The ffmpeg that was chosen in the window, where `.env` names none."""

from __future__ import annotations

import shutil
from dataclasses import replace

from config import Config
from ui.preferences import ProgramSettings


def with_chosen_ffmpeg(config: Config, settings: ProgramSettings) -> Config:
    """Return the configuration with the ffmpeg of the settings, unless `.env` names one or that program is gone."""
    if config.ffmpeg_path or not settings.ffmpeg_path or shutil.which(settings.ffmpeg_path) is None:
        return config
    return replace(config, ffmpeg_path=settings.ffmpeg_path)
