"""Values of options that begin with a minus, which argparse takes for options."""

from __future__ import annotations

import re
from collections.abc import Sequence

OPTION = re.compile(r"--[a-z][a-z-]*")
MINUS = re.compile(r"-[.,]?\d")
"""What no option begins with."""


def with_values_joined(arguments: Sequence[str]) -> list[str]:
    """Return arguments in which each that begins with a minus and a digit is one with the option before it."""
    joined: list[str] = []
    for argument in arguments:
        if joined and OPTION.fullmatch(joined[-1]) and MINUS.match(argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined
