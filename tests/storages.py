"""What people do with a desk is tried on more than one kind of storage, by these names."""

MEMORY, POSTGRES, SQLITE = "memory", "postgres", "sqlite"
