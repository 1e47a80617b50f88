"""The needs of the desk: what it asks of the world, one module per kind of need."""
