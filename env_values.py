"""Reads `.env`, and the values in it and in the environment by their names and as what they are meant to be.

Knows no setting's name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

_ORIGIN = re.compile(r"https?://(?:\*\.)?(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?:[0-9]{1,5}|\*))?")
"""What Content-Security-Policy takes for one (W3C, CSP Level 3, "host-source")."""


@dataclass(frozen=True, kw_only=True)
class EnvValues:
    """What `.env` and the environment say, by name; adds a sentence to `problems` for a value that makes no sense."""

    values: Mapping[str, str]
    problems: list[str]
    asked: set[str] = field(default_factory=set)
    """The names of all settings that were asked for."""

    def text(self, name: str, default: str = "") -> str:
        """Return a text without the spaces around it; `default` where it is empty or missing."""
        self.asked.add(name)
        return self.values.get(name, "").strip() or default

    def items(self, name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Return what is written with commas between."""
        return tuple(item.strip() for item in self.text(name, ",".join(default)).split(",") if item.strip())

    def choice(self, name: str, choices: Sequence[str], default: str = "") -> str:
        """Return one of several words, whatever their case in `.env` is; `choices` are in lower case."""
        found = self.text(name, default).lower()
        if found and found not in choices:
            self.problems.append(f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}, but is {found!r}.")
            return default
        return found

    def count(self, name: str, default: int, *, least: int = 0) -> int:
        """Return a whole number."""
        raw = self.text(name)
        if not raw:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", raw) or int(raw) < least:
            self.problems.append(f"{name} must be a whole number of at least {least}, but is {raw!r}.")
            return default
        return int(raw)

    def networks(self, name: str, default: Sequence[str]) -> tuple[str, ...]:
        """Return IP addresses and networks, such as 10.0.0.0/8, with commas between; nothing for the word none."""
        found = self.items(name, default)
        if tuple(item.lower() for item in found) == ("none",):
            return ()
        for item in found:
            try:
                ipaddress.ip_network(item, strict=False)
            except ValueError:
                self.problems.append(
                    f"{name} must be IP addresses or networks with commas between, such as 127.0.0.1,10.0.0.0/8, "
                    f"or none, but has {item!r}."
                )
                return tuple(default)
        return found

    def origins(self, name: str, own: Sequence[str]) -> tuple[str, ...]:
        """Return the origins of web pages, with commas between, and `own` before them; * for every page."""
        found = tuple(item.rstrip("/") for item in self.items(name))
        for item in found:
            if item != "*" and not _ORIGIN.fullmatch(item):
                self.problems.append(
                    f"{name} must be the origins of web pages with commas between, such as https://moodle.example.edu, "
                    f"or * for every page, but has {item!r}."
                )
                return tuple(own)
        return ("*",) if "*" in found else (*own, *found)

    def roots(self, name: str) -> dict[str, Path]:
        """Read `lectures=/mnt/lectures;archive=D:\\archive`."""
        found: dict[str, Path] = {}
        for item in filter(None, (part.strip() for part in self.text(name).split(";"))):
            root, equals, folder = (part.strip() for part in item.partition("="))
            is_one = equals and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", root) and folder
            if not is_one or re.search(r",[^,=]*=", folder) or root in found:
                self.problems.append(
                    f"{name} must be NAME=FOLDER, several with ; between them, as in lectures=/mnt/lectures, "
                    f"but has {item!r}."
                )
                continue
            found[root] = Path(folder).expanduser()
        return found

    def quotas(self, name: str) -> dict[str, float]:
        """Read `courses/math/=50,courses/art/=20`: gigabytes by folders, which end with a slash."""
        found: dict[str, float] = {}
        for item in self.items(name):
            folder, _, raw = (part.strip() for part in item.rpartition("="))
            prefix, size_gb = f"{folder.strip('/')}/", _positive(raw)
            if prefix == "/" or size_gb is None or prefix in found:
                self.problems.append(
                    f"{name} must be FOLDER/=GIGABYTES, each folder once, several with commas between, as in "
                    f"courses/math/=50,courses/art/=20, but has {item!r}."
                )
                continue
            found[prefix] = size_gb
        return found

    def gigabytes(self, name: str) -> float | None:
        """Return a number of gigabytes, None where there is none."""
        return self._number(name, "gigabytes")

    def seconds(self, name: str, default_s: float, *, unit: str = "seconds", unit_s: float = 1.0) -> float:
        """Return seconds that are written in another unit, perhaps."""
        found = self._number(name, unit)
        return default_s if found is None else found * unit_s

    def _number(self, name: str, unit: str) -> float | None:
        raw = self.text(name)
        if not raw:
            return None
        found = _positive(raw)
        if found is None:
            self.problems.append(f"{name} must be a number of {unit}, such as 10, but is {raw!r}.")
            return None
        return found


def _positive(raw: str) -> float | None:
    try:
        found = float(raw)
    except ValueError:
        return None
    return found if 0 <= found < float("inf") else None


def read_env_file(path: Path, problems: list[str]) -> dict[str, str]:
    """Read a `.env` file if there is one; add a sentence to `problems` for what can't be read, never its text."""
    try:
        # utf-8-sig: Windows' Notepad may begin the file with a byte order mark, which would become part of the first
        # name
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError):
        problems.append(f"The settings file {path} can't be read: save it as UTF-8 text or remove it.")
        return {}
    values: dict[str, str] = {}
    for line in parse_stream(StringIO(text)):
        if line.error:
            problems.append(f"Line {line.original.line} of {path} can't be understood: write it as NAME=value.")
        elif line.key:
            values[line.key] = line.value or ""
    return values
