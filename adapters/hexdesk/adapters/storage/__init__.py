"""Where the desk keeps its records."""
