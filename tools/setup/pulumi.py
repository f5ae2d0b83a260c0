"""The Pulumi command line: an official one on PATH, else one built from its Go module.

The build lacks what an official installation has beside the program: the language host is ours
then, and policy packs and dynamic providers are started by launchers of ours.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

from tools.setup.checkout import Checkout
from tools.setup.failure import SetUpError
from tools.setup.prerequisites import GO, Version, parse_version, version_of
from tools.setup.step import Step, Work

OLDEST: Version = (3, 220)
COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
HOST = "pulumi-language-python"
# What an official installation has beside the program, and the modules that take its place.
BESIDE = {
    HOST: "tools.pulumi.language_host",
    "pulumi-analyzer-policy-python": "tools.pulumi.plugin pulumi.policy",
    "pulumi-resource-pulumi-python": "tools.pulumi.plugin pulumi.dynamic",
}
# Apart from the others: it may be on PATH in the sandbox only, never where Azure is the target.
STAND_IN = ("pulumi-resource-azure-native", "tools.pulumi.plugin sandbox.provider")


def step(checkout: Checkout) -> Step:
    module = checkout.root / "tools" / "pulumi"
    found = official(os.environ.get("PATH", ""), checkout.bin)
    products = [checkout.bin / "pulumi", checkout.stand_ins / STAND_IN[0]]
    if not found:
        products += [checkout.bin / name for name in BESIDE]

    def run(work: Work) -> None:
        if found:
            for name in BESIDE:
                (checkout.bin / name).unlink(missing_ok=True)
            _link(found, checkout.bin / "pulumi")
        else:
            _build(work, module)
            for name, runs in BESIDE.items():
                _launch(checkout, checkout.bin / name, runs)
        _launch(checkout, checkout.stand_ins / STAND_IN[0], STAND_IN[1])

    return Step(
        name="pulumi",
        title=f"Pulumi at {found}" if found else "Pulumi, built from its Go source",
        first_time="at once"
        if found
        else "2 to 4 min the first time: 900 packages to compile; then 10 s, from a cache",
        gigabytes=0.1 if found else 2.5,
        run=run,
        inputs=[module / "go.mod", module / "go.sum", _identity(found), f"{BESIDE} {STAND_IN}"],
        products=products,
        needs=[] if found else [GO],
    )


def official(path: str, own: Path) -> Path | None:
    """The first `pulumi` on PATH that is new enough and has its Python language host beside it."""
    for folder in path.split(os.pathsep):
        command = Path(folder or ".") / "pulumi"
        if command.parent.resolve() == own.resolve() or not os.access(command, os.X_OK):
            continue
        installed = command.resolve()
        if not os.access(installed.parent / HOST, os.X_OK):
            continue
        try:
            if version_of(installed, ["version"]) >= OLDEST:
                return installed
        except ValueError:
            continue
    return None


def _identity(found: Path | None) -> str:
    return f"{found} {found.stat().st_mtime_ns}" if found else "built"


def _build(work: Work, module: Path) -> None:
    _check_toolchain(module)
    version = re.search(r"pulumi/pkg/v3 (v[\d.]+)", (module / "go.mod").read_text())
    if not version:
        raise SetUpError(f"{module / 'go.mod'} does not name a version of Pulumi.")
    fresh = work.checkout.bin / "pulumi.new"
    # Without the version the Automation API refuses the program; -s -w leave out debug symbols.
    flags = f"-s -w -X {VERSION_VARIABLE}={version[1]}"
    work.run(
        *("go", "build", "-v", "-mod=readonly", "-ldflags", flags, "-o", fresh, COMMAND),
        cwd=module,
        env={"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""},
    )
    fresh.replace(work.checkout.bin / "pulumi")


def _check_toolchain(module: Path) -> None:
    """Go fetches the toolchain that go.mod wants by itself, unless it was told not to."""
    line = re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    wanted = parse_version(line[1]) if line else ()
    have = version_of("go", GO.version_arguments)
    if have < wanted and _ask_go(module, "env", "GOTOOLCHAIN").startswith("local"):
        raise SetUpError(
            f"Go {'.'.join(map(str, have))} is too old and GOTOOLCHAIN=local forbids it to fetch a "
            f"newer one. Wanted: Go >= {'.'.join(map(str, wanted))}.\n  To get it: {GO.source}."
        )


def _ask_go(module: Path, *arguments: str) -> str:
    done = subprocess.run(["go", *arguments], cwd=module, capture_output=True, text=True)
    if done.returncode != 0:
        raise SetUpError(f"`go {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _launch(checkout: Checkout, launcher: Path, module: str) -> None:
    """An executable that runs a module of this checkout, whatever the working directory."""
    python = shlex.quote(str(checkout.venv / "bin" / "python"))
    root = shlex.quote(str(checkout.root))
    launcher.parent.mkdir(parents=True, exist_ok=True)
    fresh = launcher.with_name(f"{launcher.name}.new")
    # -P: the working directory is a Pulumi program; its modules must not hide others.
    fresh.write_text(
        "#!/bin/sh\n"
        f"export PYTHONPATH={root}${{PYTHONPATH:+:$PYTHONPATH}}\n"
        f'exec {python} -P -u -m {module} "$@"\n'
    )
    fresh.chmod(0o755)
    fresh.replace(launcher)


def _link(installed: Path, name: Path) -> None:
    fresh = name.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(installed)
    fresh.replace(name)
