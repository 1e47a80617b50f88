"""The built-in tools: use cases as a model sees them."""
