"""What the service promises to answer to bad input, over any server that carries it."""
