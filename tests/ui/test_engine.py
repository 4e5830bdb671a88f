"""Who converts, as the form has it: no password is remembered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_fakes import CONFIGURED

from config import Cluster
from pipeline.errors import Setting
from ui.engine import (
    ConvertOn,
    EngineValues,
    engine_changes,
    engine_from_preferences,
    engine_problems,
    engine_to_preferences,
    queue_url,
    without_password,
)
from ui.preferences import EnginePreferences

ENV = replace(CONFIGURED, cluster=Cluster(url="postgresql://hls:secret@db/hls"))
QUEUE = EngineValues(convert_on=ConvertOn.QUEUE, typed="postgresql://me:secret@db/hls", works_along=True)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("postgresql://hls@db.example.com/hls", "postgresql://hls@db.example.com/hls"),
        ("postgresql://hls:secret@db:5433/hls?sslmode=verify-full", "postgresql://hls@db:5433/hls?sslmode=verify-full"),
        ("postgres://db/hls?user=hls&password=secret", "postgres://db/hls?user=hls"),
        ("postgresql://hls:secret@one:1,[::1]:2/hls", "postgresql://hls@one:1,[::1]:2/hls"),
        ("postgresql://hls:sec@ret@db/hls", ""),
        ("postgresql://hls:sec/ret@db/hls", ""),
        ("postgresql://hls:sec?ret@db/hls", ""),
        ("postgresql://hls:sec#ret@db/hls", ""),
        ("postgresql://hls:secret", ""),
        ("postgresql://[hls:secret@db/hls", ""),
        ("host=db dbname=hls password=secret", ""),
        ("", ""),
    ],
)
def test_no_password_is_remembered(typed, kept):
    """Where it can't be told for certain what the password is, nothing is."""
    assert kept == without_password(typed)


@pytest.mark.parametrize("config", [CONFIGURED, ENV], ids=["typed", "env"])
@pytest.mark.parametrize("convert_on", list(ConvertOn))
def test_what_was_chosen_is_found_again(config, convert_on):
    """Also where `.env` names a queue, whose address is never remembered."""
    named = config is ENV
    values = replace(QUEUE, convert_on=convert_on, named=named, typed="" if named else QUEUE.typed)
    again = engine_from_preferences(engine_to_preferences(values), config)
    assert replace(values, typed="" if named else "postgresql://me@db/hls") == again
    assert "secret" not in repr((values, engine_to_preferences(values)))


def test_env_says_who_converts_unless_something_was_chosen():
    """As it does for `convert`."""
    assert [False, True] == [
        engine_from_preferences(EnginePreferences(), config).in_queue for config in (CONFIGURED, ENV)
    ]
    assert EnginePreferences() == engine_to_preferences(engine_from_preferences(EnginePreferences(), ENV))
    assert not engine_from_preferences(EnginePreferences(in_queue=False), ENV).in_queue


def test_the_queue_that_counts():
    """That of `.env`, else the typed one, and none for this computer."""
    here = replace(QUEUE, convert_on=ConvertOn.HERE)
    urls = [queue_url(QUEUE, ENV), queue_url(QUEUE, CONFIGURED), queue_url(here, ENV)]
    assert [ENV.cluster.url, QUEUE.typed, ""] == urls
    assert [("converted by a queue", "works along"), ()] == [engine_changes(QUEUE), engine_changes(here)]


def test_what_is_wrong_with_it():
    """A queue without an address, and a dataset that others would have to fill."""
    nameless = replace(QUEUE, typed="")
    problems = engine_problems(nameless, dataset=True)
    assert [Setting.ENGINE, Setting.DATASET] == [one.setting for one in problems]
    assert () == engine_problems(replace(nameless, named=True), dataset=False)
    assert () == engine_problems(replace(nameless, convert_on=ConvertOn.HERE), dataset=True)
