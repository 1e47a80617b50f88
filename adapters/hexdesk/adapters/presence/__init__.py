"""How processes know of each other."""
