"""One technology for each port, and the sides that drive the core."""
