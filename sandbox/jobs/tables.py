"""The tables of queue and nodes in the sandbox's database."""

from __future__ import annotations

from weakref import WeakSet

from sandbox.store import Store

# A node's row stays after the node has gone: the table is the meter.
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS nodes (id INTEGER PRIMARY KEY, compute TEXT NOT NULL, "
    "allocated REAL NOT NULL, ready REAL NOT NULL, idle_since REAL NOT NULL, job TEXT, "
    "released REAL)",
    "CREATE INDEX IF NOT EXISTS nodes_live ON nodes (released, compute)",
    "CREATE TABLE IF NOT EXISTS job_queue (place INTEGER PRIMARY KEY AUTOINCREMENT, "
    "job TEXT UNIQUE NOT NULL, id TEXT NOT NULL, compute TEXT NOT NULL)",
)
_made: WeakSet[Store] = WeakSet()


def ensure(store: Store) -> Store:
    """Make the tables, once a process; may be called within a transaction."""
    if store not in _made:
        for statement in SCHEMA:
            store.connection.execute(statement)
        _made.add(store)
    return store
