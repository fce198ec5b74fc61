"""What the Service Department is to do outside: orders to disconnect and reconnect, door tags, and what came of them."""
