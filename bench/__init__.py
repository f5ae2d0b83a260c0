"""How fast the project is, each figure against an anchor measured in the same run."""
