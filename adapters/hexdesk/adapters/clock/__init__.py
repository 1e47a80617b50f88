"""Where time, ids and chance come from."""
