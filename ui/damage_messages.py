"""The messages about damage of the source in the form. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.media.source.damage import Damage


@dataclass(frozen=True, kw_only=True)
class DamageSearching:
    """The source is being looked through for damage. `text` is that of `SourceFound`."""

    text: str


@dataclass(frozen=True, kw_only=True)
class DamageFound:
    """What can't be read of the source, None if the search did not come to its end. `text` is that of `SourceFound`."""

    text: str
    damage: Damage | None


@dataclass(frozen=True, kw_only=True)
class DamageInTheWay:
    """Start was pressed, and the source is known to be too damaged to be converted unless that is accepted."""


DamageMessage = DamageSearching | DamageFound | DamageInTheWay
