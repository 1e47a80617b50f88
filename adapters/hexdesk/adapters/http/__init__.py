"""The HTTP API: a driving adapter that holds a desk and speaks the public contract."""
