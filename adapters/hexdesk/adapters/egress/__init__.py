"""How the desk calls addresses that users configure."""
