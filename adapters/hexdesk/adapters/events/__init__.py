"""How the events of runs travel."""
