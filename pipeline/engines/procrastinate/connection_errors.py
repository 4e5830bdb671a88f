"""Why a server can't be reached, and what to do about it: psycopg's errors as people read them.

libpq gives no codes for what goes wrong before a connection stands, so its text is looked at, which is English but for
what the server itself says. What is not known gets the usual advice.
"""

from __future__ import annotations

import re

import psycopg

_CHECK_LOGIN = "check the user, the password and the database in its address"
_CHECK_ADDRESS = "check its address"
_ADVICE = (
    (
        r"starting up|shutting down|not yet accepting|recovery|read-only|too many|slots are reserved"
        r"|administrator command",
        "wait until it is ready",
    ),
    (
        r"authentication failed|no password supplied|does not exist|no pg_hba\.conf entry|not permitted to log in",
        _CHECK_LOGIN,
    ),
    (r"does not support SSL|certificate|is bad: (?:invalid|missing)", _CHECK_ADDRESS),
)
USUAL_ADVICE = "check that it is running and that its address is right"

_BEFORE_REASON = re.compile(r".*\b(?:failed|is bad): (?:FATAL: +)?")
"""What stands before the reason: which call failed, and the address once more."""


def reason_and_advice(error: psycopg.Error) -> str:
    """Return `(reason): advice` for a sentence; of several lines the first, since questions and details follow it."""
    line = _first_line(error)
    return f"({_BEFORE_REASON.sub('', line)}): {_advice(line)}"


def is_refusal(error: psycopg.Error) -> bool:
    """Whether the server refuses the login or the address, which no later try changes."""
    return _advice(_first_line(error)) in (_CHECK_LOGIN, _CHECK_ADDRESS)


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or ["no answer"])[0].strip().rstrip(".")


def _advice(line: str) -> str:
    return next((advice for pattern, advice in _ADVICE if re.search(pattern, line)), USUAL_ADVICE)
