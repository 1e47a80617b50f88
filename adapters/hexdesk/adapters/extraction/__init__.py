"""How the desk reads files that strangers send."""
