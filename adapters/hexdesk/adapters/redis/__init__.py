"""The line to Redis or Valkey that other adapters are given."""
