"""The video that stands in the form, by its path or by its address. Looks at no disk and asks no server."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import Problem, Setting, SettingsError
from pipeline.inputs import Input
from pipeline.slug import slug_for
from pipeline.source_address import is_address, parse_address


def chosen_video(text: str) -> Input:
    """Return the video that a text names. Raises SettingsError with a sentence that shows nothing secret."""
    if not is_address(text):
        return Input(source=Path(text), slug=slug_for(Path(text)), alone=True)
    address = parse_address(text)
    if address.is_folder:
        raise SettingsError(Problem(text=f"{address} is a folder: name one of its videos.", setting=Setting.SOURCE))
    name = Path(address.file_name)
    return Input(source=name, slug=slug_for(name), alone=True, address=address)
