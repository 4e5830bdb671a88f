"""What a validation found. Owns the words for files and counts; knows no rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum


class Severity(str, Enum):
    """What a broken rule does to viewers, by what hls.js and Apple's players really do.

    BREAKS_PLAYBACK stops publication: a player refuses the stream, stalls, skips or shows something wrong. NOT_IDEAL is
    a
    warning: everything plays as it should, though an authoring rule asks for something else.
    """

    BREAKS_PLAYBACK = "breaks playback"
    NOT_IDEAL = "not ideal"


@dataclass(frozen=True, kw_only=True)
class RuleFinding:
    """A broken rule: its number ("RFC 8216 4.3.3.1", "Apple 1.26"), effect, file in the folder, a sentence."""

    rule: str
    severity: Severity
    file: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Validation:
    """All that was found, and sentences about what could not be checked. The counts are of what was looked at."""

    findings: tuple[RuleFinding, ...]
    unchecked: tuple[str, ...] = ()
    playlists: int = 0
    segments: int = 0

    @property
    def breaking(self) -> tuple[RuleFinding, ...]:
        """What breaks playback."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.BREAKS_PLAYBACK)

    @property
    def not_ideal(self) -> tuple[RuleFinding, ...]:
        """What is not as it should be, and plays."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.NOT_IDEAL)


@dataclass
class RuleNotes:
    """Collects findings in the order in which they are made, each once."""

    findings: list[RuleFinding] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def breaks(self, rule: str, file: str, text: str) -> None:
        """Note a broken rule that players suffer from."""
        self.add(Severity.BREAKS_PLAYBACK, rule, file, text)

    def not_ideal(self, rule: str, file: str, text: str) -> None:
        """Note a broken rule that does not stop anything from playing."""
        self.add(Severity.NOT_IDEAL, rule, file, text)

    def add(self, severity: Severity, rule: str, file: str, text: str) -> None:
        """Note a broken rule."""
        finding = RuleFinding(rule=rule, severity=severity, file=file, text=text)
        if finding not in self.findings:
            self.findings.append(finding)

    def add_each(self, severity: Severity, rule: str, faults: Sequence[tuple[str, str]]) -> None:
        """Note one rule broken in several files as one finding at the first of them: a long stream has thousands."""
        if not faults:
            return
        file, text = faults[0]
        others = len(faults) - 1
        more = f" (and so in {others} more segment{'s' if others > 1 else ''})" if others else ""
        self.add(severity, rule, file, text.removesuffix(".") + more + ".")

    def leave(self, text: str) -> None:
        """Note what is not checked, and why."""
        if text not in self.unchecked:
            self.unchecked.append(text)
