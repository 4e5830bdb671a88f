"""Goes through the interface point by point and says a line to each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import Enum

from backend.conformance import required
from backend.conformance.check_client import UnansweredError, open_client
from backend.conformance.delivery import DELIVERY
from backend.conformance.optional import OPTIONAL, capabilities_are_told
from backend.conformance.trial import AdviceError, BackendTrial, FaultError, NotOfferedError
from backend.conformance.url_origins import urls_lead_where_clients_are
from config import BackendApi


class PointResult(str, Enum):
    """What came of a point."""

    GOOD = "good"
    FAULT = "FAULT"
    ADVICE = "advice"
    NOT_OFFERED = "not offered"
    LEFT = "left behind"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the report: the point as a sentence, and what is wrong."""

    result: PointResult
    text: str


_REQUIRED: tuple[Callable[[BackendTrial], None], ...] = (
    required.token_is_accepted,
    required.other_tokens_are_refused,
    required.refusals_are_json,
    required.urls_are_signed,
    urls_lead_where_clients_are,
    required.keys_are_kept,
    required.files_are_stored,
    required.empty_files_are_stored,
    required.any_key_is_stored,
    required.files_are_replaced,
    required.strangers_store_nothing,
    required.players_find_files,
    required.videos_are_recorded,
)


def check_backend(api: BackendApi, prefix: str) -> Generator[Line, None, None]:
    """Try a backend out; yield a line for each point as it is known. Removes what it stored where it can.

    Args:
        api: the backend's address, its paths and the token.
        prefix: where the check may store small files.
    """
    with open_client(api) as client:
        trial = BackendTrial(client, prefix)
        first = _judge(required.token_is_accepted, trial)
        yield first
        if first.result is PointResult.FAULT:
            return  # nothing else would get an answer worth reading
        try:
            for point in _REQUIRED[1:]:
                yield _judge(point, trial)
            yield from _optional(trial)
            for point in DELIVERY if trial.finds_files else ():
                yield _judge(point, trial)
        except KeyboardInterrupt:
            yield from _tidied(trial)
            raise
        except BaseException:  # whoever reads the lines may have ended
            _tidied(trial)
            raise
        yield from _tidied(trial)


def _optional(trial: BackendTrial) -> Iterator[Line]:
    try:
        offered = capabilities_are_told(trial)
    except (FaultError, UnansweredError) as error:
        yield Line(result=PointResult.FAULT, text=_ended(f"The capabilities are told in the right types: {error}"))
        return
    if not offered:
        yield Line(result=PointResult.NOT_OFFERED, text="Anything beyond the required (GET /api/s3/capabilities).")
        return
    yield Line(result=PointResult.GOOD, text="The capabilities are told in the right types.")
    for field, name, points in OPTIONAL:
        if not trial.capabilities.get(field):
            yield Line(result=PointResult.NOT_OFFERED, text=f"{name} ({field}).")
            continue
        for point in points:
            yield _judge(point, trial)


def _judge(point: Callable[[BackendTrial], None], trial: BackendTrial) -> Line:
    # what a point sees to is said once, for readers of the source and of the report
    sentence = " ".join((point.__doc__ or "").split()).rstrip(".")
    try:
        point(trial)
    except (FaultError, UnansweredError) as error:
        return Line(result=PointResult.FAULT, text=_ended(f"{sentence}: {error}"))
    except AdviceError as error:
        return Line(result=PointResult.ADVICE, text=_ended(f"{sentence}: {error}"))
    except NotOfferedError as error:
        return Line(result=PointResult.NOT_OFFERED, text=_ended(str(error)))
    return Line(result=PointResult.GOOD, text=f"{sentence}.")


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith("?") else f"{sentence}."


def _tidied(trial: BackendTrial) -> list[Line]:
    try:
        left = trial.tidy()
    except UnansweredError as error:
        left = [f"What was stored under {trial.folder} stays there: {error}."]
    return [Line(result=PointResult.LEFT, text=text) for text in left]
