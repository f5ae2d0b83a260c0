"""Writes data/measurements.csv: made-up measurements, the same ones on every machine.

python data.py [--output data/measurements.csv]
"""

from __future__ import annotations

import argparse
import csv
import os
import random
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROWS, SEED = 400, 0
COLUMNS = ("pressure", "temperature", "yield")


def rows() -> list[tuple[float, float, float]]:
    """The yield grows with the temperature, falls with the pressure, and is never exact."""
    chance = random.Random(SEED)  # noqa: S311 - the same every time is what is wanted
    found = []
    for _ in range(ROWS):
        pressure, temperature = chance.uniform(1, 5), chance.uniform(20, 80)
        noise = chance.gauss(0, 1)
        found.append((pressure, temperature, 10 + 0.5 * temperature - 2 * pressure + noise))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=HERE / "data" / "measurements.csv")
    output = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_suffix(f".{os.getpid()}.partial")  # another one may be at it
    with partial.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([f"{value:.4f}" for value in row] for row in rows())
    partial.replace(output)  # whole or not at all: a job that is submitted now may read it
    print(f"{output}: {ROWS} rows")


if __name__ == "__main__":
    main()
