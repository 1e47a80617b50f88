"""Where values are kept for a while."""
