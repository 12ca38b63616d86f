"""Where it can go: movement between areas, introductions, arrival, what cutting travel buys."""
