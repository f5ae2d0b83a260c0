"""Event Grid at work: what happens in a workspace becomes an event and reaches who asked for it."""
