"""How to test many people: pools, what a result says of each member, what is left after the rounds, laboratory quality."""
