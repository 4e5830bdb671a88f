"""What Prometheus is told: counts of this process's requests and connections, and figures of the storage.

With several processes each keeps its counts in files of one folder, and whoever is asked adds up those of all. Imported
only where metrics are on; with a folder, PROMETHEUS_MULTIPROC_DIR must name it before.
"""

from __future__ import annotations

import struct
import time
from collections import Counter as Counts
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from backend.serving.connections import ClientConnections, Ended
from backend.serving.request_log import RequestLine
from config import VERSION
from storage import PrefixUsage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format, as `generate_latest` writes it in every version of the library."""

_NAMES = "hls_backend"
_DURATIONS_S = (0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300)
"""From a signed URL to a large part on a slow line."""

_TRIES, _PAUSE_S = 40, 0.05

_NO_ROUTE = "other"
"""What no route is for, or nobody looks at it: whatever strangers ask for, it is one line."""


@dataclass(frozen=True, kw_only=True)
class StorageFigures:
    """What is known of the storage when somebody asks; `usage` is empty where nothing is limited."""

    usage: Sequence[PrefixUsage]
    file_records: int


class Metrics:
    """The counts of one process; `folder` is for those of several, None for this one alone."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._registry = registry = CollectorRegistry()
        if folder is None:
            ProcessCollector(registry=registry)
        about = ("route", "method")
        self._requests = Counter(
            f"{_NAMES}_requests", "Requests that were answered or given up.", (*about, "status"), registry=registry
        )
        self._durations = Histogram(
            f"{_NAMES}_request_duration_seconds",
            "From a request's head to the end of its response.",
            about,
            registry=registry,
            buckets=_DURATIONS_S,
        )
        self._received = Counter(f"{_NAMES}_received_bytes", "Bodies of requests.", ("route",), registry=registry)
        self._sent = Counter(f"{_NAMES}_sent_bytes", "Bodies of responses.", ("route",), registry=registry)
        self._connections = Gauge(
            f"{_NAMES}_connections", "Connections that are open.", registry=registry, multiprocess_mode="livesum"
        )
        self._ended = Counter(
            f"{_NAMES}_connections_ended", "Connections that were refused or cut.", ("reason",), registry=registry
        )
        self._counted: Counts[Ended] = Counts()

    def note(self, request: RequestLine) -> None:
        """Count a request."""
        route = request.route or _NO_ROUTE
        self._requests.labels(route, request.method, str(request.status)).inc()
        self._durations.labels(route, request.method).observe(request.duration_s)
        self._received.labels(route).inc(request.in_bytes)
        self._sent.labels(route).inc(request.out_bytes)

    def look_at(self, connections: ClientConnections) -> None:
        """Take over what is known of connections now."""
        self._connections.set(connections.open_count)
        for reason, count in connections.counted.items():
            self._ended.labels(reason.name.lower()).inc(count - self._counted[reason])
        self._counted = Counts(connections.counted)

    def exposition(self, storage: StorageFigures) -> bytes:
        """Return everything in Prometheus' text format."""
        figures = CollectorRegistry()
        figures.register(_Storage(storage))
        counts = generate_latest(self._registry) if self._folder is None else _counts_of_all(self._folder)
        return counts + generate_latest(figures)


def _counts_of_all(folder: Path) -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    for _ in range(_TRIES):
        # a process that begins makes an empty file, and fills it
        # (https://github.com/prometheus/client_python/issues/347)
        with suppress(struct.error):
            return generate_latest(registry)
        time.sleep(_PAUSE_S)
    return generate_latest(registry)


class _Storage(Collector):
    """The storage's figures as metrics; they are the same whichever process is asked."""

    def __init__(self, storage: StorageFigures) -> None:
        self._storage = storage

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily(_NAMES, "The program.", value={"version": VERSION})
        yield GaugeMetricFamily(f"{_NAMES}_file_records", "File records.", value=self._storage.file_records)
        kinds = {"objects": "objects_bytes", "parts": "parts_bytes", "reserved": "reserved_bytes"}
        stored = GaugeMetricFamily(
            f"{_NAMES}_storage_bytes", "What is stored or kept free, where it is limited.", labels=("prefix", "kind")
        )
        quota = GaugeMetricFamily(f"{_NAMES}_quota_bytes", "What may be stored.", labels=("prefix",))
        for usage in self._storage.usage:
            for kind, name in kinds.items():
                stored.add_metric((usage.prefix, kind), getattr(usage, name))
            if usage.limit_bytes is not None:
                quota.add_metric((usage.prefix,), usage.limit_bytes)
        yield from (stored, quota)


def forget_process(folder: Path, process_id: int) -> None:
    """Let what was true of a process that has ended, such as its open connections, count no more.

    What it was just about to count in goes, too: nobody could read it.
    """
    for file in folder.glob(f"*_{process_id}.db"):
        if not file.stat().st_size:
            file.unlink()
    mark_process_dead(process_id, path=str(folder))  # type: ignore[no-untyped-call]
