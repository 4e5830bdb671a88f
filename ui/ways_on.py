"""What is pressed in the banner: a setting changed in the form, and that started, or an answer. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable

from ui.controller import Controller
from ui.form_variables import FormVariables
from ui.list_banners import ended, unheard
from ui.messages import BannerAnswer


class WaysOn:
    """Does what is pressed. With a video of the list selected, it is that one's settings that stand in the form."""

    def __init__(
        self,
        controller: Controller,
        variables: FormVariables,
        *,
        accept_damage: Callable[[], None],
        get_model: Callable[[], None],
        start: Callable[[], None],
    ) -> None:
        self._controller = controller
        self._variables = variables
        self._changes = {
            BannerAnswer.ACCEPT_DAMAGE: accept_damage,
            BannerAnswer.NO_CAPTIONS: lambda: variables.transcribe.set(False),
        }
        self._get_model = get_model
        self._start = start

    def answer(self, answer: BannerAnswer) -> None:
        """Do what a button in the banner is for."""
        change, state = self._changes.get(answer), self._controller.state
        if answer is BannerAnswer.GET_MODEL:
            self._get_model()
        elif answer is BannerAnswer.NO_CAPTIONS and state.shown_banner == ended(state.videos):
            self._controller.videos.start_without_captions(unheard(state.videos), self._variables.read())
        elif change is not None and state.form_enabled and state.start_pressable:
            change()
            self._start()
        else:
            self._controller.answer(answer, self._variables.read())
