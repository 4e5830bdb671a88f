"""Which bytes of a file are there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Span = tuple[int, int]
"""From a byte up to, not including, another."""


def merged_spans(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans in their order, those that touch as one, the empty ones left out."""
    found: list[Span] = []
    for start, stop in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return tuple(found)


def missing(spans: Sequence[Span], wanted: Span) -> Iterator[Span]:
    """Yield what is not there of a span."""
    at, end = wanted
    for start, stop in merged_spans(spans):
        if start >= end:
            break
        if at < start:
            yield at, start
        at = max(at, stop)
    if at < end:
        yield at, end


def total(spans: Sequence[Span]) -> int:
    """Return how many bytes are there."""
    return sum(stop - start for start, stop in merged_spans(spans))
