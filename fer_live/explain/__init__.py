"""Heat-maps: where in the face the network found an expression."""
