"""What a fresh clone needs before anything else runs: set-up, pins and generators."""
