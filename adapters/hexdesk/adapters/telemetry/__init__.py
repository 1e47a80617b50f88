"""What the desk counts about itself."""
