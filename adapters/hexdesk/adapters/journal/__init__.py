"""Where answers wait for the storage to come back."""
