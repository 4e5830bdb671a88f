"""The questions before a job on the command line: those that can be answered at a terminal are asked there.

Whatever else has to be decided is refused, with the option that decides it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from pipeline.cancel import CancelToken
from pipeline.job import Existing
from pipeline.preflight_answers import PlanT, PreflightAnswer, Ready, Refused, ResumeUpload


def ask_or_refuse(
    check: Callable[[], PreflightAnswer[PlanT]],
    check_again: Callable[[PlanT], PreflightAnswer[PlanT]],
    cancel: CancelToken,
) -> Ready[PlanT] | Refused | None:
    """Return the answer to whether the job may begin, after asking what can be asked here.

    None after Ctrl-C, and after Ctrl-D at a question, which `cancel` then knows.

    Args:
        check: says what prevents the job.
        check_again: says what else prevents a plan whose job was changed by an answer.
        cancel: stops the job, and those after it.
    """
    try:
        answer = check()
        while isinstance(answer, ResumeUpload) and can_ask():
            existing = Existing.RESUME if confirm(answer.question, otherwise=True) else Existing.UPLOAD_AGAIN
            answer = check_again(replace(answer.plan, job=replace(answer.plan.job, existing=existing)))
    except KeyboardInterrupt:
        cancel.cancel()
        return None
    return answer if isinstance(answer, Ready | Refused) else Refused(problems=(answer.refusal,))


def can_ask() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, otherwise: bool) -> bool:
    """Ask for a yes or a no at the terminal; `otherwise` is what Enter alone says. Ctrl-D raises KeyboardInterrupt."""
    sys.stderr.write(f"{question} [{'Y/n' if otherwise else 'y/N'}] ")
    sys.stderr.flush()
    typed = sys.stdin.readline()
    if not typed:  # Ctrl-D answers nothing
        raise KeyboardInterrupt
    return typed.strip().lower() in (("", "y", "yes") if otherwise else ("y", "yes"))
