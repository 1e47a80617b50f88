"""Where processes begin: settings, the composition root, servers and the command line."""
