"""Set-up of a fresh clone: `python3 -m tools.setup [STEP ...]`, standard library only."""
