"""Times as somebody types them: `90d`, `8h`, `2027-01-31`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from pipeline.errors import SettingsError

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_MOST_S = 100 * 366 * 86_400


def duration_s(text: str, option: str) -> int:
    """Read a duration such as `30m`, `8h`, `90d` or `2w`; `0` is none. Raises SettingsError, which names the option."""
    found = re.fullmatch(r"([0-9]{1,9})([smhdw])", text.strip().lower())
    seconds = int(found[1]) * _UNITS_S[found[2]] if found else 0 if text.strip() == "0" else -1
    if not 0 <= seconds <= _MOST_S:
        raise SettingsError(f"{option} must be a number with s, m, h, d or w, as in 8h or 90d, but is {text!r}.")
    return seconds


def moment_s(text: str, option: str, now_s: float) -> int:
    """Read a duration from now, or a date such as `2027-01-31`, which is over at its end in UTC.

    Returns seconds since 1970. Raises SettingsError, which names the option, for what is no time to come, too.
    """
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip()):
        try:
            day = datetime.fromisoformat(text.strip()).replace(tzinfo=timezone.utc)
            moment = int((day + timedelta(days=1)).timestamp())
        except (ValueError, OverflowError) as error:
            raise SettingsError(f"{option}: there is no day {text!r}.") from error
    else:
        try:
            moment = int(now_s) + duration_s(text, option)
        except SettingsError as error:
            raise SettingsError(
                f"{option} must be a duration such as 90d or 8h, or a day such as 2027-01-31, but is {text!r}."
            ) from error
    if moment <= now_s:
        raise SettingsError(f"{option} must be a time to come, but is {text!r}.")
    return moment
