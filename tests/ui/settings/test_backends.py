"""Backends with names: in the settings, in the upload's card, in the keychain and in the job."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ui_fakes import CONFIGURED, NOT_CONFIGURED

from config import BackendApi, Config
from ui.job_form import FormValues, job_config
from ui.preferences import NamedBackend, ProgramSettings
from ui.remembered_form import form_from_preferences, to_preferences
from ui.settings import checks
from ui.view_state import WindowStage

STAGING = NamedBackend(id="1", name="Staging", address="https://staging.example.com")
LIVE = NamedBackend(id="2", name="Live", address="https://live.example.com")
TOKEN = "a-token-of-staging-alone"
BOTH = ProgramSettings(backends=(STAGING, LIVE))


@pytest.mark.parametrize(
    "config",
    [
        CONFIGURED,
        NOT_CONFIGURED,
        Config(backend=BackendApi(url="https://env.example.com")),
        Config(backend=BackendApi(token="env" * 10)),
    ],
    ids=["whole .env", "no .env", "address alone", "token alone"],
)
@pytest.mark.parametrize("token", [TOKEN, ""], ids=["known", "not known"])
def test_a_job_for_a_named_backend(config, token):
    """It has that backend's address and token, and never the token of `.env`."""
    values = FormValues(backend="1", backend_url=STAGING.address, token=token, program=BOTH)
    backend = job_config(values, config).backend
    assert (STAGING.address, token) == (backend.url, backend.token)


def test_the_choice_is_remembered():
    """Its address is that of the settings, and the one that was typed before comes back when the name is gone."""
    values = FormValues(
        backend="1",
        backend_url=STAGING.address,
        typed_url="https://typed.example.com",
        remember_login=True,
        program=BOTH,
    )
    kept = to_preferences(values)
    form = form_from_preferences(kept, NOT_CONFIGURED)
    assert ("1", STAGING.address) == (form.backend, form.backend_url)
    form = form_from_preferences(replace(kept, program=ProgramSettings()), NOT_CONFIGURED)
    assert ("", "https://typed.example.com") == (form.backend, form.backend_url)


@pytest.mark.parametrize(
    ("check", "typed", "wrong"),
    [
        (lambda typed: checks.backend_name(typed, ["Live"]), "  ", "Type a name"),
        (lambda typed: checks.backend_name(typed, ["Live"]), "live ", "Another backend has this name"),
        (lambda typed: checks.backend_name(typed, []), "x" * 41, "at most 40 characters"),
        (checks.backend_address, "", "Type the address"),
        (checks.backend_address, "http://api.example.com", "https://"),
        (checks.backend_address, "https://me:secret@api.example.com", "password"),
        (checks.backend_token, "with spaces in the token", "spaces"),
    ],
)
def test_what_is_refused(check, typed, wrong):
    """A sentence says why, and repeats no secret."""
    with pytest.raises(ValueError, match=wrong) as raised:
        check(typed)
    assert "secret" not in str(raised.value)


def add(settings, name: str, address: str, token: str = "") -> None:
    """Add a backend as an editor does."""
    section = settings.backends
    section.add.invoke()
    for entry, text in ((section.name, name), (section.address, address), (section.token, token)):
        entry.insert(0, text)


def tokens(keychain) -> list[dict[str, str]]:
    """Return what the keychain has."""
    return [json.loads(entry) for entry in keychain.entries.values()]


def test_from_the_settings_to_the_job(opened, kept, memory_keychain):
    """A name is chosen in the card, the job goes there, the keychain alone has its token, and the next window too."""
    driver, settings = opened(config=CONFIGURED)
    assert [".env"] == [settings.backends.tree.item(row, "text") for row in settings.backends.tree.get_children()]
    assert settings.backends.address.instate(["disabled"])
    add(settings, "Staging", STAGING.address + "/", TOKEN)
    add(settings, "Live", LIVE.address)
    add(settings, "live", "https://third.example.com")
    assert "Another backend has this name." == settings.backends.name_note.text
    settings.close()
    names = [(one["name"], one["address"]) for one in kept(driver)["backends"]]
    assert [("Staging", STAGING.address), ("Live", LIVE.address)] == names
    driver.until(lambda: tokens(memory_keychain) == [{"url": STAGING.address, "token": TOKEN}])
    assert TOKEN not in driver.preferences_path.read_text(encoding="utf-8")
    driver.window.close()
    again, _ = opened(config=CONFIGURED)
    again.fill(upload=True)
    choice = again.window.upload_panel.login.choice
    assert ("From .env", "Staging", "Live") == choice.cget("values")
    choice.current(1)
    choice.event_generate("<<ComboboxSelected>>")
    again.until(again.window.variables.token.get)
    again.press(again.window.actions.start)
    again.until_stage(WindowStage.READY)
    backend = again.services.configs[-1].backend
    assert (STAGING.address, TOKEN) == (backend.url, backend.token)


def test_an_address_that_is_changed_loses_its_token(opened, memory_keychain):
    """A token is never sent to another server than its own; a backend that is removed takes it along."""
    driver, settings = opened(config=NOT_CONFIGURED)
    driver.window.variables.backend_url.set("https://typed.example.com")
    add(settings, "Staging", STAGING.address, TOKEN)
    settings.backends.keep_token()
    form = driver.window.variables
    form.backend.choose(form.program.backends[0].id, form.program)
    driver.settle()
    assert (STAGING.address, TOKEN) == (form.backend_url.get(), form.token.get())
    settings.backends.token.delete(0, "end")
    settings.backends.address.delete(0, "end")
    settings.backends.address.insert(0, LIVE.address)
    driver.until(lambda: not driver.window.controller.busy)
    driver.settle()
    assert (LIVE.address, "") == (form.backend_url.get(), form.token.get())
    settings.sections.select(1)
    driver.settle()
    driver.press(settings.backends.remove)
    driver.until(lambda: memory_keychain.entries == {})
    assert ("https://typed.example.com", "", "") == (
        form.backend_url.get(),
        form.token.get(),
        form.backend.chosen.get(),
    )
