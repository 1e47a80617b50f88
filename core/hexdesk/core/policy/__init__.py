"""Pure decisions: the same question gets the same answer, and nothing else happens."""
