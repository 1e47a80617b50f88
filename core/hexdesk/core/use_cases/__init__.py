"""The verbs of the desk: one frozen dataclass with `__call__` each, one module per area."""
