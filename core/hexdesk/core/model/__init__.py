"""The nouns of a support desk: frozen values that every other room speaks."""
