"""Rules about what a master playlist says of its variants and renditions. Pure: compares nothing with segments.

What can't be parsed, and groups that lead nowhere, break playback: Apple's players refuse the playlist. An attribute
that only helps players to choose is not ideal where it is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pipeline.media.validate.findings import RuleNotes, Severity
from pipeline.media.validate.playlist_model import AttributeList, MasterPlaylist, MediaRendition, Variant

SECTION_MEDIA = "RFC 8216 4.3.4.1"
SECTION_GROUPS = "RFC 8216 4.3.4.1.1"
SECTION_VARIANT = "RFC 8216 4.3.4.2"
SECTION_IFRAMES = "RFC 8216 4.3.4.3"

TYPES = ("AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS")
YES_NO = ("DEFAULT", "AUTOSELECT", "FORCED")
MAY_DIFFER = {"GROUP-ID", "URI", "CHANNELS"}
"""What may differ between the members of groups that offer the same renditions in several encodings (4.3.4.1.1)."""

QUOTED = ("CODECS", "AUDIO", "VIDEO", "SUBTITLES", "URI", "GROUP-ID", "NAME", "LANGUAGE", "CHANNELS")


def check_master(master: MasterPlaylist, file: str, notes: RuleNotes) -> None:
    """Check a master playlist's own text."""
    if not master.variants:
        notes.breaks(SECTION_VARIANT, file, "The playlist lists no stream (EXT-X-STREAM-INF).")
    for variant in master.variants:
        _check_variant(master, variant, file, notes)
    for variant in master.iframe_variants:
        _check_iframe_variant(variant, file, notes)
    for media in master.media:
        _check_media(media, file, notes)
    _check_groups(master.media, file, notes)
    captions = {variant.attributes.get("CLOSED-CAPTIONS") for variant in master.variants}
    if "NONE" in captions and len(captions) > 1:
        notes.not_ideal(
            SECTION_VARIANT, file, "CLOSED-CAPTIONS=NONE is on some variants only; it must be on all or none."
        )


def group_members(master: MasterPlaylist, kind: str, group: str | None) -> list[MediaRendition]:
    """Return the renditions of a group."""
    return (
        [m for m in master.media if m.attributes.get("TYPE") == kind and m.attributes.get("GROUP-ID") == group]
        if group
        else []
    )


def _check_variant(master: MasterPlaylist, variant: Variant, file: str, notes: RuleNotes) -> None:
    attributes, name = variant.attributes, variant.uri or f"The variant in line {variant.line}"
    if variant.uri is None:
        notes.breaks(SECTION_VARIANT, file, f"Line {variant.line}: no address follows EXT-X-STREAM-INF.")
    peak = _rate(attributes, "BANDWIDTH", SECTION_VARIANT, name, file, notes)
    average = _rate(attributes, "AVERAGE-BANDWIDTH", "Apple 9.14", name, file, notes)
    if peak is not None and average is not None and average > peak:
        notes.not_ideal(SECTION_VARIANT, file, f"{name}: AVERAGE-BANDWIDTH {average} is more than BANDWIDTH {peak}.")
    if not attributes.get("CODECS"):
        notes.not_ideal("Apple 9.1", file, f"{name} has no CODECS.")
    _check_forms(attributes, SECTION_VARIANT, name, file, notes)
    for kind in ("AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"):
        group = attributes.get(kind)
        if group is None or (kind == "CLOSED-CAPTIONS" and group == "NONE" and kind not in attributes.quoted):
            continue
        if not group_members(master, kind, group):
            notes.breaks(SECTION_VARIANT, file, f"{name} names the {kind} group {group!r}, which does not exist.")


def _check_iframe_variant(variant: Variant, file: str, notes: RuleNotes) -> None:
    attributes, name = variant.attributes, variant.uri or f"The I-frame stream in line {variant.line}"
    if not variant.uri:
        notes.breaks(SECTION_IFRAMES, file, f"Line {variant.line}: EXT-X-I-FRAME-STREAM-INF has no URI.")
    _rate(attributes, "BANDWIDTH", SECTION_IFRAMES, name, file, notes)
    if not attributes.get("CODECS"):
        notes.not_ideal("Apple 9.3", file, f"{name} has no CODECS.")
    if attributes.get("RESOLUTION") is None:
        notes.not_ideal("Apple 9.4", file, f"{name} has no RESOLUTION.")
    _check_forms(attributes, SECTION_IFRAMES, name, file, notes)


def _check_media(media: MediaRendition, file: str, notes: RuleNotes) -> None:
    attributes = media.attributes
    kind, name = attributes.get("TYPE"), attributes.get("NAME")
    shown = f"The rendition {name!r}" if name else f"The rendition in line {media.line}"
    if kind not in TYPES:
        notes.breaks(SECTION_MEDIA, file, f"{shown}: TYPE {kind or 'is missing'} is not one of {', '.join(TYPES)}.")
    for required in ("GROUP-ID", "NAME"):
        if not attributes.get(required):
            notes.breaks(SECTION_MEDIA, file, f"{shown} has no {required}.")
    if kind != "VIDEO" and not attributes.get("LANGUAGE"):
        notes.not_ideal("Apple 8.10", file, f"{shown} has no LANGUAGE.")
    for flag in YES_NO:
        if attributes.get(flag) not in (None, "YES", "NO"):
            notes.not_ideal(SECTION_MEDIA, file, f"{shown}: {flag} is neither YES nor NO.")
    default, automatic = attributes.get("DEFAULT"), attributes.get("AUTOSELECT")
    if kind in ("AUDIO", "SUBTITLES") and default is None and automatic is None:
        notes.not_ideal(
            SECTION_MEDIA, file, f"{shown} says neither DEFAULT nor AUTOSELECT, so players may not choose it."
        )
    if default == "YES" and automatic != "YES":
        notes.not_ideal(SECTION_MEDIA, file, f"{shown} is the default, so AUTOSELECT must be YES.")
    if attributes.get("FORCED") is not None and kind != "SUBTITLES":
        notes.not_ideal(SECTION_MEDIA, file, f"{shown}: FORCED is for subtitles only.")
    if kind == "SUBTITLES" and not attributes.get("URI"):
        notes.breaks(SECTION_MEDIA, file, f"{shown} has no URI.")
    if kind == "CLOSED-CAPTIONS" and (attributes.get("URI") or not attributes.get("INSTREAM-ID")):
        notes.not_ideal(SECTION_MEDIA, file, f"{shown}: closed captions have an INSTREAM-ID and no URI.")
    if kind == "AUDIO" and not attributes.get("CHANNELS"):
        notes.not_ideal(SECTION_MEDIA, file, f"{shown} has no CHANNELS.")
    _check_forms(attributes, SECTION_MEDIA, shown, file, notes)


def _check_groups(media: Sequence[MediaRendition], file: str, notes: RuleNotes) -> None:
    groups: dict[tuple[str, str], list[AttributeList]] = defaultdict(list)
    for rendition in media:
        groups[rendition.attributes.get("TYPE") or "", rendition.attributes.get("GROUP-ID") or ""].append(
            rendition.attributes
        )
    for (kind, group), members in groups.items():
        names = [member.get("NAME") for member in members]
        if len(set(names)) < len(names):
            notes.not_ideal(SECTION_GROUPS, file, f"Two renditions of the {kind} group {group!r} have the same NAME.")
        if sum(member.get("DEFAULT") == "YES" for member in members) > 1:
            notes.not_ideal(SECTION_GROUPS, file, f"The {kind} group {group!r} has more than one default.")
        if kind == "AUDIO" and not any(
            "YES" in (member.get("DEFAULT"), member.get("AUTOSELECT")) for member in members
        ):
            notes.breaks(
                SECTION_MEDIA, file, f"No rendition of the AUDIO group {group!r} is the default or chosen by itself."
            )
    for kind in TYPES:
        _check_same_members(
            {group: members for (of, group), members in groups.items() if of == kind}, kind, file, notes
        )


def _check_same_members(groups: dict[str, list[AttributeList]], kind: str, file: str, notes: RuleNotes) -> None:
    """Groups of a type are the same renditions in several encodings, so their members must be the same."""
    described = {
        group: {tuple(sorted((k, v) for k, v in member.values.items() if k not in MAY_DIFFER)) for member in members}
        for group, members in groups.items()
    }
    first = next(iter(described), None)
    for group, members in described.items():
        if first is not None and members != described[first]:
            # a viewer loses a language when the player changes to a quality of the other group
            notes.breaks(
                SECTION_GROUPS, file, f"The {kind} groups {first!r} and {group!r} do not offer the same renditions."
            )


def _check_forms(attributes: AttributeList, section: str, name: str, file: str, notes: RuleNotes) -> None:
    for attribute in QUOTED:
        if attribute in attributes.values and attribute not in attributes.quoted:
            notes.breaks(section, file, f"{name}: {attribute} must be in quotes.")
    if attributes.get("RESOLUTION") is not None and attributes.resolution() is None:
        notes.breaks(section, file, f"{name}: RESOLUTION {attributes.get('RESOLUTION')!r} is not like 1280x720.")
    if attributes.get("FRAME-RATE") is not None and not attributes.number("FRAME-RATE"):
        notes.breaks(section, file, f"{name}: FRAME-RATE {attributes.get('FRAME-RATE')!r} is not a rate.")


def _rate(attributes: AttributeList, attribute: str, rule: str, name: str, file: str, notes: RuleNotes) -> int | None:
    value = attributes.integer(attribute)
    if not value:
        said = "is not a number" if attributes.get(attribute) is not None else "is missing"
        # players choose a quality by BANDWIDTH; the average only refines the choice
        severity = Severity.BREAKS_PLAYBACK if attribute == "BANDWIDTH" else Severity.NOT_IDEAL
        notes.add(severity, rule, file, f"{name}: {attribute} {said}.")
    return value
