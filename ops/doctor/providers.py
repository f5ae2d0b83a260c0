"""Whether the subscription has registered the resource providers that the stack needs."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.case import Case
from ops.doctor.finding import Finding, ok, problem, warning

IMPLIED = {
    # The workspace makes a container registry when the first image needs one.
    "Microsoft.MachineLearningServices": ("Microsoft.ContainerRegistry",),
}


def check(case: Case) -> Iterator[Finding]:
    needed = needed_by(case)
    registered = 0
    for namespace in needed:
        provider = case.providers.get(namespace.lower())
        state = str(provider["registrationState"]) if provider else "NotRegistered"
        if state == "Registered":
            registered += 1
        elif state == "Registering":
            yield warning(
                f"{namespace} is still being registered.",
                f"az provider show --namespace {namespace} --query registrationState",
            )
        else:
            yield problem(
                f"The resource provider {namespace} is not registered.",
                f"az provider register --namespace {namespace} --wait",
            )
    if registered:
        yield ok(f"{registered} of {len(needed)} resource providers are registered")


def needed_by(case: Case) -> list[str]:
    found = dict.fromkeys(kind.partition("/")[0] for kind in case.plan.kinds())
    for namespace in list(found):
        found.update(dict.fromkeys(IMPLIED.get(namespace, ())))
    return sorted(found)
