"""Which of the videos in a folder are meant: patterns as `.gitignore` has them, matched against paths below the folder.

Pure: knows paths, and no files.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath

from pipeline.errors import Problem, Setting, SettingsError

_BRACKETS = re.compile(r"\[([!^]?)(\]?[^\]]*)\]")


@dataclass(frozen=True, kw_only=True)
class PathSelection:
    """What is taken and what is left out of a folder; without `include` everything is taken, and `exclude` wins.

    A pattern without a slash names a file or folder at any depth, one with a slash is a path below the folder.
    `*` and `?` stand for any signs but a slash, `[a-f]` for one of these signs, `**` for any number of folders; a slash
    at the end makes it a folder's. A folder stands for all that is in it. Upper and lower case are the same, on every
    system, and so are the two ways in which Unicode writes an accent.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """See that every pattern can be used. Raises SettingsError."""
        problems = []
        for option, patterns in (("--include", self.include), ("--exclude", self.exclude)):
            for pattern in patterns:
                try:
                    _compiled(pattern)
                except (ValueError, re.error):
                    text = f"{option} takes a pattern such as '*.mov' or 'week1/**', not {pattern!r}."
                    problems.append(Problem(text=text, setting=Setting.SOURCE))
        if problems:
            raise SettingsError(problems)

    def takes(self) -> Callable[[PurePath], bool]:
        """Return what tells whether the video at a path below the folder is meant."""
        wanted, unwanted = _matcher(self.include), _matcher(self.exclude)
        return lambda path: (not self.include or wanted(path, False)) and not unwanted(path, False)

    def passes_over(self) -> Callable[[PurePath], bool]:
        """Return what tells whether nothing in the folder at a path can be meant."""
        unwanted = _matcher(self.exclude)
        return lambda path: unwanted(path, True)


ALL = PathSelection()


def _matcher(patterns: Iterable[str]) -> Callable[[PurePath, bool], bool]:
    expressions = [_compiled(pattern) for pattern in patterns]

    def matches(path: PurePath, is_folder: bool) -> bool:
        text = _normal(path.as_posix()) + ("/" if is_folder else "")
        return any(expression.fullmatch(text) for expression in expressions)

    return matches


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a regular expression for the paths that a pattern means, folders with a slash at their ends.

    Raises ValueError for a pattern that names nothing, re.error for a range such as `[z-a]`.
    """
    text = _normal(pattern.replace(os.sep, "/"))
    name = text.strip("/")
    if not name:
        raise ValueError(pattern)
    # as git has it: a slash at the beginning or in the middle binds the pattern to the folder itself
    anywhere = "" if "/" in text.rstrip("/") else "(?:.*/)?"
    below = "/.*" if text.endswith("/") else "(?:/.*)?"
    return re.compile(f"{anywhere}{_expression(name)}{below}", re.DOTALL)


def _expression(name: str) -> str:
    """Return a pattern without slashes at its ends as a regular expression."""
    parts, at = [], 0
    while at < len(name):
        bracket = _BRACKETS.match(name, at)
        if name.startswith("**/", at) and (at == 0 or name[at - 1] == "/"):
            parts.append("(?:.*/)?")
            at += 3
        elif name.startswith("**", at) and at + 2 == len(name) and (at == 0 or name[at - 1] == "/"):
            parts.append(".+")
            at += 2
        elif bracket is not None:
            inside = bracket[2].replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
            parts.append(f"(?!/)[{'^' if bracket[1] else ''}{inside}]")
            at = bracket.end()
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(name[at]) or re.escape(name[at]))
            at += 1
    return "".join(parts)
