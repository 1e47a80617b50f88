"""Records in PostgreSQL, whose row-level security keeps organizations apart."""
