"""Real identity providers on loopback, set up by their own means, and the example applications that trust them."""
