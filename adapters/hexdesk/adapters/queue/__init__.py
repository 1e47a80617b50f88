"""How workers hear of tasks."""
