"""The Pulumi program: what should exist. Everyone else meets it through its outputs."""
