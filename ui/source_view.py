"""The source as the form shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.media.source.damage import Damage, Hole, Medium, length_text
from pipeline.media.source.interruptions import Interruption, clock
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.media.source.source_notes import DAMAGED_S, missing_s, source_notes
from pipeline.media_info import MediaInfo
from pipeline.source_address import is_address
from ui.messages import SourceOptions

NOT_CONVERTED = "not converted"
SEARCHING = "Looking for damage…"
ACCEPTED = "what can be read is converted"

SAME_PLACE_S = 1.0
"""Holes that are nearer to each other, in seconds, are told as one place."""


@dataclass(frozen=True, kw_only=True)
class SourceView:
    """The source as the form shows it. `media` and `offered` are None until the source is known.

    `treatment` is what is unusual about it and what will be done about that. `damage` says what can't be read of it;
    `refused` that it is not converted for that unless the editor accepts it. `searched` is what the search has found,
    None while that is not known; `searching` that it is being looked for.
    """

    path_text: str = ""
    media: MediaInfo | None = None
    details: str = ""
    searched: Damage | None = None
    searching: bool = False
    damage: str = ""
    refused: bool = False
    treatment: str = ""
    problem: str = ""
    offered: tuple[str, ...] | None = None
    slug: str = ""

    @property
    def going_on(self) -> str:
        """That it is still being looked through, empty when it is not."""
        return SEARCHING if self.searching else ""

    @property
    def has_frames(self) -> bool:
        """Whether it is a video on this computer whose frames can be shown."""
        media = self.media
        known = media is not None and media.video is not None and bool(media.duration_s or media.readable_s)
        return known and not is_address(self.path_text)

    @property
    def audio_only(self) -> bool:
        """Whether the source is known to have no video."""
        return self.media is not None and self.media.video is None

    @property
    def in_the_way(self) -> bool:
        """Whether a search has found damage that is not accepted. Where it has found none, the job itself will say
        whether what the file declares is wrong.
        """
        return self.refused and self.searched is not None

    @property
    def damage_found(self) -> str:
        """How it is damaged, without what is done about that."""
        return self.damage.removesuffix(f": {NOT_CONVERTED}")


NO_SOURCE = SourceView()


def treated(source: SourceView, chosen: SourceOptions) -> SourceView:
    """Say what is unusual about a source that is known and what will be done about it, as the form stands."""
    media = source.media
    if media is None:
        return source
    told = source_notes(media, keep_hdr=chosen.keep_hdr, surround=chosen.surround, options=False)
    phrases = [f"{text[0].upper()}{text[1:]}" for text in told]
    in_the_way = None if source.searched is None else source.searched.interruption
    if in_the_way is not None:
        return replace(_interrupted(source, in_the_way, chosen), treatment=" · ".join(phrases))
    sentences, refused = _damage(source.searched)
    if missing_s(media) >= DAMAGED_S:  # told first
        end = phrases.pop(0)
        whole = source.searched is not None and source.searched.whole
        sentences.insert(0, f"{end}, but all of it can be read" if whole else end)
        refused = refused or not whole
    damage = ". ".join(sentences)
    if refused:
        damage = f"{damage}: {ACCEPTED if chosen.accept_damaged else NOT_CONVERTED}"
    refused = refused and not chosen.accept_damaged
    return replace(source, damage=damage, refused=refused, treatment=" · ".join(phrases))


def _interrupted(source: SourceView, found: Interruption, chosen: SourceOptions) -> SourceView:
    """Say why the source is not converted, whatever can be read of it, and what can be done about that."""
    accepted = found.acceptable and chosen.accept_damaged
    then = (ACCEPTED if accepted else NOT_CONVERTED) if found.acceptable else found.way_out
    damage = f"{found.text[0].upper()}{found.text[1:]}: {then}"
    return replace(source, damage=damage, refused=found.acceptable and not accepted)


def _damage(found: Damage | None) -> tuple[list[str], bool]:
    """Return what was found when a source was decoded, in sentences, and whether so much is missing that it matters."""
    if found is None or not found.errors:
        return [], False
    if not found.holes:
        return ["Damaged in places, so there may be visible or audible faults"], False
    lost = {medium: found.missing_s(medium) for medium in Medium}
    what = " and ".join(f"{length_text(seconds)} of {medium.value}" for medium, seconds in lost.items() if seconds)
    places = [hole for before, hole in pairwise((None, *found.holes)) if hole is not None and _is_apart(before, hole)]
    where = clock(round(places[0].begin_s * CLOCK_HZ))
    others = len(places) - 1
    more = f" and {others} more place{'s' if others > 1 else ''}" if others else ""
    return [f"{what} can't be read, at {where}{more}"], found.refused


def _is_apart(before: Hole | None, hole: Hole) -> bool:
    """Whether a hole is a place of its own, so far after the one before that one would look for it anew."""
    return before is None or hole.begin_s - before.end_s > SAME_PLACE_S
