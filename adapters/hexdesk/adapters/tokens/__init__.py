"""How tokens are signed."""
