"""The source as the form shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.media.source.source_notes import DAMAGED_S, missing_s, source_notes
from pipeline.media_info import MediaInfo
from ui.messages import SourceOptions

HOW_TO_ACCEPT = "if it is damaged, not converted unless damaged videos are accepted under Advanced"


@dataclass(frozen=True, kw_only=True)
class SourceView:
    """The source as the form shows it. `media` and `offered` are None until the source is known.

    `treatment` is what is unusual about it and what will be done about that; `damage` is what is missing of it.
    """

    path_text: str = ""
    media: MediaInfo | None = None
    details: str = ""
    damage: str = ""
    treatment: str = ""
    problem: str = ""
    offered: tuple[str, ...] | None = None
    slug: str = ""

    @property
    def audio_only(self) -> bool:
        """Whether the source is known to have no video."""
        return self.media is not None and self.media.video is None


NO_SOURCE = SourceView()


def treated(source: SourceView, chosen: SourceOptions) -> SourceView:
    """Say what is unusual about a source that is known and what will be done about it, as the form stands."""
    media = source.media
    if media is None:
        return source
    told = source_notes(media, keep_hdr=chosen.keep_hdr, surround=chosen.surround, options=False)
    phrases = [f"{text[0].upper()}{text[1:]}" for text in told]
    damage = ""
    if missing_s(media) >= DAMAGED_S:  # told first
        damage = phrases.pop(0) if chosen.accept_damaged else f"{phrases.pop(0)}, {HOW_TO_ACCEPT}"
    return replace(source, damage=damage, treatment=" · ".join(phrases))
