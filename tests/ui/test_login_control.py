"""The login of the form, and what is done with it besides the keychain."""

from __future__ import annotations

from config import Config
from diagnostics.crash_log import sentence_of
from ui.job_form import FormValues
from ui.login_control import LoginControl
from ui.token_question import TokenQuestion


def test_a_typed_token_is_in_no_message_and_no_log(caplog):
    """Neither that of the form nor the one that an upload asks for."""
    control = LoginControl(Config(), TokenQuestion(lambda _: None), post=lambda _: None, receive=lambda _: None)
    control.keep(FormValues(token="typed-in-the-form-1"))
    control.answer_token("typed-as-an-answer-2", FormValues())
    told = sentence_of(ValueError("typed-in-the-form-1, typed-as-an-answer-2"))
    assert "Something unexpected went wrong (ValueError: ***, ***). Please try again." == told
