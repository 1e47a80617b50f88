"""How log lines are written."""
