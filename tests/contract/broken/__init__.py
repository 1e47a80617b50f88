"""Implementations that are wrong in one way each, so that the contract suites can show it."""
