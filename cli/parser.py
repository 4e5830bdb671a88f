"""How arguments are read: what is wrong with them becomes a sentence, and files may come after options.

Knows no command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from cli.minus_values import with_values_joined


class SentenceParser(argparse.ArgumentParser):
    """A parser that says in a sentence what is wrong, without a page of options before it."""

    def error(self, message: str) -> NoReturn:
        """End the program with the sentence and where to read on."""
        program = self.prog.partition(" ")[0]
        self.exit(2, f"{program}: {message[0].upper()}{message[1:].rstrip('.')}. See {self.prog} --help.\n")

    def parse_known_args(  # type: ignore[override]  # argparse's overloads say the same
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, taking `-0:05` or `-16` after an option for its value
        (https://github.com/python/cpython/issues/53580).
        """
        return super().parse_known_args(with_values_joined(sys.argv[1:] if args is None else args), namespace)


class AnyOrderParser(SentenceParser):
    """A parser that takes files after its options, too (https://github.com/python/cpython/issues/59317)."""

    _inside = False

    def parse_known_args(  # type: ignore[override]  # argparse's overloads say the same
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse options first and files then; what that calls comes back here. Actions have parsers of their own."""
        if self._inside or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._inside = False
