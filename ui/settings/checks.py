"""What is typed into the settings, as values, or what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import PurePath

from pipeline.job import QualityRate
from pipeline.media.encode import ladder
from pipeline.plan import BIT_RATE, too_close
from pipeline.transfer.http.timetable import read_time
from pipeline.transfer.http.validation import backend_url_problems, token_problems
from ui import spoken_languages
from ui.job_form import typed_path
from ui.preferences import LimitDays, LimitPeriod
from ui.speed_limit import LOWEST_LIMIT_MB_S, limit_mb_s

TEXT_PERCENT = (100, 200)
TEXT_SIZES = (100, 110, 125, 150, 175, 200)
"""The sizes to choose from; any other between the first and the last may be typed."""

LONGEST_RATE = 10
AS_LAST_TIME = "As last time"
LONGEST_NAME = 40
"""Characters of a backend's name."""


def text_percent(typed: str, room: int) -> int:
    """Return a typed text size; the screen has room for `room` percent. Raises ValueError with a sentence."""
    least, most = TEXT_PERCENT
    number = typed.strip().removesuffix("%").strip()
    if not (number.isascii() and number.isdigit() and len(number) <= len(str(most)) and least <= int(number) <= most):
        raise ValueError(f"The text size must be a number from {least} to {most}.")
    if int(number) > room:
        raise ValueError(f"This screen has room for at most {room} %.")
    return int(number)


def output_folder(typed: str) -> str:
    """Return a typed folder, which may be empty. Raises ValueError with a sentence."""
    path = typed_path(typed)
    if path and not PurePath(path).is_absolute():
        raise ValueError("Type the whole path of the folder, or press Browse.")
    return path


def update_address(typed: str) -> str:
    """Return a typed address of the update notice, which may be empty. Raises ValueError with a sentence."""
    from pipeline.update_notice import notice_address  # with the HTTP client

    return notice_address(typed)


def backend_name(typed: str, others: Collection[str]) -> str:
    """Return a typed name of a backend; `others` have theirs. Raises ValueError with a sentence."""
    name = typed.strip()
    if not name:
        raise ValueError("Type a name to choose the backend by.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"A name is a line of at most {LONGEST_NAME} characters.")
    if name.casefold() in {other.casefold() for other in others}:
        raise ValueError("Another backend has this name.")
    return name


def backend_address(typed: str) -> str:
    """Return a typed address of a backend. Raises ValueError with a sentence."""
    address = typed.strip().rstrip("/")
    if not address:
        raise ValueError("Type the address, such as https://api.example.com.")
    for problem in backend_url_problems(address):
        raise ValueError(problem.text)
    return address


def backend_token(typed: str) -> str:
    """Return a typed token, which may be empty. Raises ValueError with a sentence."""
    token = typed.strip()
    for problem in token_problems(token) if token else ():
        raise ValueError(problem.text)
    return token


def limit_period(days: LimitDays, start: str, end: str, limit: str) -> LimitPeriod:
    """Return a period with a limit in MB/s. Raises ValueError with a sentence."""
    for typed in (start, end):
        try:
            read_time(typed)
        except ValueError:
            raise ValueError(f"A time is typed as 08:30, not {typed.strip()[:LONGEST_NAME]!r}.") from None
    found = limit_mb_s(limit.strip())
    if not found:
        raise ValueError(f"The limit must be a number of at least {LOWEST_LIMIT_MB_S:g} MB/s.")
    return LimitPeriod(days=days, start=start.strip(), end=end.strip(), limit_mb_s=found)


class WrongRateError(ValueError):
    """What is wrong with the rate of a quality, in a sentence."""

    def __init__(self, quality: str, text: str) -> None:
        super().__init__(text)
        self.quality = quality


def bit_rates(typed: Mapping[str, str]) -> tuple[QualityRate, ...]:
    """Return the rates typed in kb/s by quality, largest quality first; an empty one is the usual one.

    Raises WrongRateError.
    """
    lowest, highest = BIT_RATE
    found = []
    for name, text in typed.items():
        digits = text.strip().replace(" ", "")
        if not digits:
            continue
        number = int(digits) * 1000 if digits.isascii() and digits.isdigit() and len(digits) < LONGEST_RATE else 0
        if not lowest <= number <= highest:
            text = f"The rate of {name} must be a whole number from {lowest // 1000} to {highest // 1000} kb/s."
            raise WrongRateError(name, text)
        found.append(QualityRate(name=name, bit_rate=number))
    for larger, smaller in pairwise(ladder.with_rates(ladder.QUALITIES, found)):
        if larger.bit_rate <= smaller.bit_rate:
            wrong = larger.name if typed.get(larger.name, "").strip() else smaller.name
            raise WrongRateError(wrong, too_close(larger, smaller))
    return tuple(found)


def spoken_language(typed: str) -> str | None:
    """Return the code of a typed language, "auto" for one that is detected, None for the one of last time.

    Raises ValueError with a sentence.
    """
    if typed.strip() in ("", AS_LAST_TIME):
        return None
    try:
        return spoken_languages.code_of(typed) or "auto"
    except ValueError:
        raise ValueError("Choose a language from the list.") from None
