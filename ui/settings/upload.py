"""How many files are uploaded at once, and how fast at which hours."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk as plain

import ttkbootstrap as ttk

from ui.job_form import PARALLEL_CHOICES
from ui.language import _
from ui.preferences import LimitDays, LimitPeriod, ProgramSettings
from ui.screen_reader import tell_name
from ui.settings import checks
from ui.settings.checked import ChangeSettings
from ui.settings.section import section
from ui.theme import CARD, HINT
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.fields import FieldNote, Fields, switch
from ui.widgets.wrapping_label import WrappingLabel

DAY_LABELS = {
    LimitDays.EVERY_DAY: "Every day",
    LimitDays.WEEKDAYS: "Monday to Friday",
    LimitDays.WEEKEND: "Saturday, Sunday",
}
MOST_PERIODS = 5
NEW = LimitPeriod(days=LimitDays.EVERY_DAY, start="08:00", end="18:00", limit_mb_s=0.5)
PARALLEL_HINT = "More are faster where the server is far away. Used from the next upload on."
PERIODS_HINT = (
    "By this computer's clock, also across midnight. At other times there is no limit. A running upload follows;"
    " a limit that is typed under S3 Upload goes before."
)


class UploadSection:
    """The number of files, and a row for each period with a limit."""

    def __init__(
        self,
        master: tkinter.Misc,
        settings: ProgramSettings,
        parallel: tkinter.StringVar,
        change: ChangeSettings,
    ) -> None:
        """`parallel` is the variable of the form."""
        self.frame = section(master)
        self._change = change
        upper = ttk.Frame(self.frame, bootstyle=CARD)
        upper.grid(row=0, column=0, sticky="ew")
        self.parallel = ttk.Combobox(
            upper, textvariable=parallel, values=[str(number) for number in PARALLEL_CHOICES], state="readonly", width=4
        )
        Fields(upper).add("Files at once", self.parallel, hint=PARALLEL_HINT)
        self.parallel.grid_configure(sticky="w")
        title = ttk.Label(self.frame, text=_("Speed limits"), bootstyle=CARD)
        title.grid(row=1, column=0, sticky="w", pady=("6p", "1.5p"))
        self._list = ttk.Frame(self.frame, bootstyle=CARD)
        self._list.grid(row=2, column=0, sticky="ew")
        self.add = ttk.Button(self.frame, text=_("Add"), bootstyle=CARD, command=self._add_new)
        self.add.grid(row=3, column=0, sticky="w", pady="1.5p")
        label = WrappingLabel(self.frame, bootstyle=HINT)
        label.grid(row=4, column=0, sticky="ew")
        self.note = FieldNote(self.add, label, PERIODS_HINT)
        self.rows: list[PeriodRow] = []
        for period in settings.upload_limits[:MOST_PERIODS]:
            self._add(period)
        self._place()

    def _add(self, period: LimitPeriod) -> None:
        self.rows.append(PeriodRow(self._list, period, changed=self._typed, removed=self._remove))

    def _add_new(self) -> None:
        self._add(NEW)
        self._place()
        self._typed()
        self.rows[-1].first.focus_set()

    def _remove(self, row: PeriodRow) -> None:
        self.rows.remove(row)
        row.frame.destroy()
        self._place()
        self._typed()
        (self.rows[-1].first if self.rows else self.add).focus_set()

    def _place(self) -> None:
        for number, row in enumerate(self.rows):
            row.frame.grid(row=number, column=0, sticky="w", pady="1.5p")
        switch([self.add], len(self.rows) < MOST_PERIODS)

    def _typed(self) -> None:
        """Hand on the periods, and show what is wrong with the first that can't be used: it counts as it was before."""
        problems = [row.check() for row in self.rows]
        self.note.show(next(filter(None, problems), ""))
        self._change(upload_limits=tuple(row.period for row in self.rows))


class PeriodRow:
    """A row of fields, and the last `period` in it that can be used."""

    def __init__(
        self,
        master: tkinter.Misc,
        period: LimitPeriod,
        *,
        changed: Callable[[], None],
        removed: Callable[[PeriodRow], None],
    ) -> None:
        self.period = period
        self.frame = ttk.Frame(master, bootstyle=CARD)
        texts = (DAY_LABELS[period.days], period.start, period.end, f"{period.limit_mb_s:g}")
        self._days, self._start, self._end, self._limit = (tkinter.StringVar(self.frame, text) for text in texts)
        self.first = ChoiceBox(self.frame, self._days, DAY_LABELS.values(), state="readonly", width=16)
        self.start, self.end = (
            ttk.Entry(self.frame, textvariable=variable, width=6) for variable in (self._start, self._end)
        )
        self.limit = ttk.Entry(self.frame, textvariable=self._limit, width=6, justify="right")
        names = (_("Days of the speed limit"), _("From"), _("to"), _("Speed limit in MB/s"))
        for field, name in zip((self.first, self.start, self.end, self.limit), names, strict=True):
            tell_name(field, name)
        remove = ttk.Button(self.frame, text=_("Remove"), bootstyle=CARD, command=lambda: removed(self))
        between = (ttk.Label(self.frame, text=text, bootstyle=CARD) for text in (_("to"), "MB/s"))
        parts: tuple[plain.Widget, ...] = (self.first, self.start, next(between), self.end, self.limit, next(between))
        for column, part in enumerate((*parts, remove)):
            part.grid(row=0, column=column, padx=(0, "4.5p"))
        for variable in (self._days, self._start, self._end, self._limit):
            variable.trace_add("write", lambda *_: changed())

    def check(self) -> str:
        """Take what stands there if it can be used; return what is wrong with it."""
        days = next(days for days, label in DAY_LABELS.items() if label == self._days.get())
        problem = ""
        try:
            self.period = checks.limit_period(days, self._start.get(), self._end.get(), self._limit.get())
        except ValueError as error:
            problem = str(error)
        for entry in (self.start, self.end, self.limit):
            entry.state(["invalid" if problem else "!invalid"])
        return problem
