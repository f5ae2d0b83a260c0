"""The examination of one environment: every check, the independent ones at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ops import stack_files
from ops.arm import Arm
from ops.doctor import (
    login,
    names,
    providers,
    quota,
    references,
    regions,
    roles,
    secrets,
    state,
    tools,
)
from ops.doctor.case import Case
from ops.doctor.finding import PROBLEM, Finding, problem
from ops.doctor.plan import Plan
from ops.failure import Failure, explain
from ops.target import Target

Check = Callable[[Case], Iterable[Finding]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("subscription", login.subscription),
    ("clock", login.clock),
    ("backend", state.backend),
    ("secrets provider", state.secrets_provider),
    ("roles", roles.check),
    ("resource providers", providers.check),
    ("region", regions.resource_types),
    ("machine sizes", regions.machine_sizes),
    ("quota", quota.machine_learning),
    ("quota", quota.virtual_machines),
    ("references", references.check),
    ("secrets", secrets.check),
    ("names", names.taken),
    ("soft delete", names.soft_deleted),
)
"""In the order in which their findings are shown."""


def examine(target: Target, environment: str) -> Iterator[Finding]:
    """What was found, in order. Without a login or valid settings the rest cannot be told."""
    yield from _labelled("command line", lambda: tools.check(target.name))
    arm = Arm(target.subscription)
    principal, found = login.log_in(target, arm)
    yield replace(found, check="login")
    if principal is None:
        return
    try:
        plan = Plan.of(environment, target.subscription, principal.tenant)
    except Failure as failure:
        mend = f"correct {stack_files.shown(environment)}, then: amlops config show {environment}"
        if environment not in stack_files.names():
            mend = f"amlops config new {environment} --from dev"
        for mistake in failure.message.splitlines():
            yield replace(problem(mistake, mend), check="settings")
        return
    case = Case(target, environment, arm, principal, plan)
    with ThreadPoolExecutor(max_workers=len(CHECKS)) as pool:
        running = [pool.submit(_made, title, check, case) for title, check in CHECKS]
        for future in running:
            yield from future.result()


def failed(findings: Iterable[Finding]) -> bool:
    return any(finding.level == PROBLEM for finding in findings)


def _made(title: str, check: Check, case: Case) -> list[Finding]:
    return list(_labelled(title, lambda: check(case)))


def _labelled(title: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings under a title. A check that cannot be made is a finding too."""
    try:
        for finding in check():
            yield replace(finding, check=title)
    except Exception as error:
        reason = explain(error).message.splitlines()[0]
        yield replace(
            problem(f"Could not be checked: {reason}", "mend that, then run this again"),
            check=title,
        )
