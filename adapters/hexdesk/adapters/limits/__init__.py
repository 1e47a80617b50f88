"""How attempts are counted."""
