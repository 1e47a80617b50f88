"""Tools over MCP: the server that offers them, and the client by which agents reach them."""
