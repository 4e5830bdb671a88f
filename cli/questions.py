"""The questions before a job on the command line: those that can be answered at a terminal are asked there.

Whatever else has to be decided is refused, with the option that decides it. Several jobs at once may have questions:
one is asked at a time, whichever kind it is.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.job import Existing
from pipeline.preflight_answers import PlanT, PreflightAnswer, Ready, Refused, ResumeUpload
from pipeline.printable import printable_lines

LOOK_S = 0.2
"""How often a question that waits for another one looks whether the job was cancelled, in seconds."""

_TERMINAL = threading.Lock()


def ask_or_refuse(
    check: Callable[[], PreflightAnswer[PlanT]],
    check_again: Callable[[PlanT], PreflightAnswer[PlanT]],
    cancel: CancelToken,
    paused: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Ready[PlanT] | Refused | None:
    """Return the answer to whether the job may begin, after asking what can be asked here.

    None after Ctrl-C, and after Ctrl-D at a question, which `cancel` then knows; None also where it was raised before.

    Args:
        check: says what prevents the job.
        check_again: says what else prevents a plan whose job was changed by an answer.
        cancel: stops the job, and those after it.
        paused: returns a block in which a question is asked, and nothing else is drawn.
    """
    try:
        answer = check()
        while isinstance(answer, ResumeUpload) and can_ask():
            with asking(cancel), paused():
                resume = confirm(answer.question, otherwise=True)
            existing = Existing.RESUME if resume else Existing.UPLOAD_AGAIN
            answer = check_again(replace(answer.plan, job=replace(answer.plan.job, existing=existing)))
    except (KeyboardInterrupt, Cancelled):
        cancel.cancel()
        return None
    return answer if isinstance(answer, Ready | Refused) else Refused(problems=(answer.refusal,))


@contextmanager
def asking(cancel: CancelToken) -> Iterator[None]:
    """Have the terminal for the question in the block, once no other is asked. Raises Cancelled while it waits."""
    while not _TERMINAL.acquire(timeout=LOOK_S):  # a wait without end would keep Ctrl-C waiting on Windows
        cancel.check()
    try:
        yield
    finally:
        _TERMINAL.release()


def can_ask() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, otherwise: bool) -> bool:
    """Ask for a yes or a no at the terminal; `otherwise` is what Enter alone says. Ctrl-D raises KeyboardInterrupt."""
    sys.stderr.write(f"{printable_lines(question)} [{'Y/n' if otherwise else 'y/N'}] ")
    sys.stderr.flush()
    typed = sys.stdin.readline()
    if not typed:  # Ctrl-D answers nothing
        raise KeyboardInterrupt
    return typed.strip().lower() in (("", "y", "yes") if otherwise else ("y", "yes"))
