"""What reads each type of file; it runs in a sandbox and trusts nothing it reads."""
