"""backend.serving.metrics: what Prometheus is told, and whom it is told."""

import os
import signal
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
import requests
from backend_process import TOKEN, running_backend
from backend_workers import replaced, standing_still, until, workers_of
from prometheus_client.parser import text_string_to_metric_families

from backend.access.named_tokens import NamedTokens
from backend.access.rights import Right
from backend.serving import metrics
from backend.serving.connection_limits import ConnectionLimits
from backend.serving.connections import ClientConnections, Ended
from backend.serving.metrics import Metrics, StorageFigures, forget_process
from backend.serving.proxies import TrustedProxies
from backend.settings import BackendSettings
from config import VERSION, Config
from server_config import ReferenceBackend

OBJECT, SIGN, ME = "/objects/{key:path}", "/api/admin/content/aws/uploadUrl", "/api/admin/auth/me"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def samples(text):
    """Return the values by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found, name, **labels):
    """Return one value, 0 where there is none."""
    return found.get((f"hls_backend_{name}", tuple(sorted(labels.items()))), 0)


def scraped(url):
    """Ask as Prometheus does."""
    answer = requests.get(f"{url}/metrics", headers={**HEADERS, "Connection": "close"}, timeout=240)
    assert 200 == answer.status_code, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return samples(answer.text)


@pytest.fixture
def settings(tmp_path):
    """Settings with metrics and a quota."""
    server = ReferenceBackend(metrics=True, local_max_size_gb=1)
    return BackendSettings.from_config(Config(server=server), root=tmp_path / "root", token=TOKEN)


def test_requests_bytes_and_storage_are_counted(fresh):
    """By route, not by key; sizes of bodies; what is stored of what may be; the program's version."""
    for number in range(3):
        assert 200 == fresh.put(f"a/{number}.ts", b"12345").status_code
    assert b"12345" == fresh.get("/objects/a/1.ts").content
    fresh.get("/objects/none.ts")
    until(lambda: value(scraped(fresh.url), "requests_total", route=OBJECT, method="GET", status="404") == 1)
    found = scraped(fresh.url)

    assert 3 == value(found, "requests_total", route=OBJECT, method="PUT", status="200")
    assert 1 == value(found, "requests_total", route=OBJECT, method="GET", status="404")
    assert 15 == value(found, "received_bytes_total", route=OBJECT)
    assert 5 <= value(found, "sent_bytes_total", route=OBJECT)
    assert 3 == value(found, "request_duration_seconds_count", route=SIGN, method="POST")
    assert (15, 2**30) == (
        value(found, "storage_bytes", prefix="", kind="objects"),
        value(found, "quota_bytes", prefix=""),
    )
    assert (0, 1) == (value(found, "file_records"), value(found, "info", version=VERSION))


def test_strangers_make_no_new_lines(fresh):
    """Whatever is asked for, the number of time series is bounded; no path and no secret is in them."""
    for number in range(20):
        fresh.raw(f"M{number}", f"/nowhere/{number}")
        fresh.raw("GET", f"/objects/{number}?signature=hush")
        fresh.get(f"/nowhere/{number}")

    def others():
        return sum(
            count
            for (name, labels), count in scraped(fresh.url).items()
            if name == "hls_backend_requests_total" and ("route", "other") in labels
        )

    until(lambda: others() == 40)
    text = requests.get(f"{fresh.url}/metrics", headers=HEADERS, timeout=60).text

    assert "nowhere" not in text
    assert "hush" not in text
    assert {"OTHER", "GET"} == {
        dict(labels)["method"] for name, labels in samples(text) if name.endswith("_requests_total")
    }


def test_connections_are_counted(fresh):
    """Those that are open, as of a second ago."""
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(requests.Session()).get(f"{fresh.url}/objects/none", timeout=60)
        until(lambda: value(scraped(fresh.url), "connections") >= 3)
    until(lambda: value(scraped(fresh.url), "connections") <= 1)


def test_refused_connections_are_counted_once():
    """However often it is looked at them; each reason by itself."""
    connections = ClientConnections(ConnectionLimits(), TrustedProxies(()))
    metrics = Metrics()
    for reason in (Ended.ALL_TAKEN, Ended.SLOW_HEAD, Ended.ALL_TAKEN):
        connections.count(reason)
        metrics.look_at(connections)
    metrics.look_at(connections)
    found = samples(metrics.exposition(StorageFigures(usage=(), file_records=0)).decode())

    assert (2, 1, 0) == tuple(
        value(found, "connections_ended_total", reason=reason) for reason in ("all_taken", "slow_head", "not_read")
    )


def test_only_those_with_a_token_are_told(fresh, shared):
    """Not strangers, nor those whose token is for a part of what is stored; and nobody where metrics are off."""
    tokens = NamedTokens(fresh.backend.settings.root)
    given = {
        "all": tokens.add("all", rights=frozenset({Right.READ})),
        "part": tokens.add("part", rights=frozenset({Right.READ}), prefixes=("a/",)),
        "upload": tokens.add("upload", rights=frozenset({Right.UPLOAD})),
    }
    answers = {
        name: fresh.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code
        for name, token in given.items()
    }

    assert {"all": 200, "part": 403, "upload": 403} == answers
    assert 401 == fresh.get("/metrics").status_code
    assert 404 == shared.ask("GET", "/metrics").status_code


def test_a_file_that_is_just_being_made_is_waited_for(tmp_path, monkeypatch):
    """It is empty for a moment; of a process that was killed in this moment it goes."""
    figures = StorageFigures(usage=[], file_records=3)
    begun, dead = tmp_path / "counter_1.db", tmp_path / "counter_2.db"
    begun.touch()
    dead.touch()
    forget_process(tmp_path, 2)
    waited = []

    def filled_meanwhile(seconds):
        waited.append(seconds)
        os.truncate(begun, 1 << 16)

    monkeypatch.setattr(metrics, "time", SimpleNamespace(sleep=filled_meanwhile))
    found = Metrics(tmp_path).exposition(figures)

    assert 1 == len(waited)
    assert 3 == value(samples(found.decode()), "file_records")
    assert not dead.exists()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows stops no process in the middle")
def test_workers_count_together(tmp_path):
    """Whichever is asked tells what all have done, also those that have ended."""
    wanted = {"route": ME, "method": "GET", "status": "200"}
    with running_backend(tmp_path / "root", "--workers", "2", BACKEND_METRICS="on", TMPDIR=str(tmp_path)) as backend:
        first, second = workers_of(backend)
        for worker in (first, second):
            with standing_still(worker):
                assert [200] * 3 == [backend.ask("GET", ME).status_code for _ in range(3)]
        # a request is counted when its answer is on its way
        until(lambda: value(scraped(backend.url), "requests_total", **wanted) == 6)
        with standing_still(second):
            by_first = scraped(backend.url)
        first.kill()
        until(lambda: replaced(backend, first))
        with standing_still(second):
            by_new = scraped(backend.url)

    assert [6, 6] == [value(found, "requests_total", **wanted) for found in (by_first, by_new)]
