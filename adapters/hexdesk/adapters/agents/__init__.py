"""How the desk talks to language models."""
