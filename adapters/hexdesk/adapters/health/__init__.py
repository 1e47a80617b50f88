"""How the desk learns what works."""
