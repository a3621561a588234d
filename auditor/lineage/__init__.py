"""What was made from what: the declared graph, descent seen in weights, and what is passed on."""
