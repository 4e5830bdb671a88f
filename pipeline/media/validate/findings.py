"""What a validation found. Owns the words for files and counts; knows no rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A broken rule: its number ("RFC 8216 4.3.3.1", "Apple 1.26"), the file relative to the folder, one sentence."""

    rule: str
    file: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Validation:
    """All that was found, and sentences about what could not be checked. The counts are of what was looked at."""

    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...] = ()
    playlists: int = 0
    segments: int = 0


@dataclass
class Notes:
    """Collects findings in the order in which they are made, each once."""

    findings: list[Finding] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def add(self, rule: str, file: str, text: str) -> None:
        """Note a broken rule."""
        finding = Finding(rule=rule, file=file, text=text)
        if finding not in self.findings:
            self.findings.append(finding)

    def add_each(self, rule: str, places: Sequence[tuple[str, str]]) -> None:
        """Note one rule broken in several files as one finding at the first of them: a long stream has thousands."""
        if not places:
            return
        file, text = places[0]
        others = len(places) - 1
        more = f" (and so in {others} more segment{'s' if others > 1 else ''})" if others else ""
        self.add(rule, file, text.removesuffix(".") + more + ".")

    def leave(self, text: str) -> None:
        """Note what is not checked, and why."""
        if text not in self.unchecked:
            self.unchecked.append(text)
