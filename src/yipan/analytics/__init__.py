"""Estimates: what is probably so, with its uncertainty. Rooms share nouns, not walls; no room touches a clock or a file."""
