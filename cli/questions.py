"""What the command line does with the questions before a job: it asks at a terminal what can be answered there.

Whatever else has to be decided is refused, with the option that decides it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from pipeline.job import Existing
from pipeline.preflight_answers import PlanT, PreflightAnswer, Ready, Refused, ResumeUpload


def ask_or_refuse(
    answer: PreflightAnswer[PlanT], check_again: Callable[[PlanT], PreflightAnswer[PlanT]]
) -> Ready[PlanT] | Refused:
    """Return what the job comes to when what can be asked here was asked; Ctrl-D raises KeyboardInterrupt.

    `check_again` says what else stands against a plan whose job was changed by an answer.
    """
    while isinstance(answer, ResumeUpload) and sys.stdin.isatty() and sys.stderr.isatty():
        job = replace(answer.plan.job, existing=_ask(answer))
        answer = check_again(replace(answer.plan, job=job))
    return answer if isinstance(answer, Ready | Refused) else Refused(problems=(answer.refusal,))


def _ask(question: ResumeUpload[PlanT]) -> Existing:
    sys.stderr.write(f"{question.question} [Y/n] ")
    sys.stderr.flush()
    typed = sys.stdin.readline()
    if not typed:  # Ctrl-D answers nothing
        raise KeyboardInterrupt
    return Existing.RESUME if typed.strip().lower() in ("", "y", "yes") else Existing.UPLOAD_AGAIN
