"""Having texts compared by what they mean."""
