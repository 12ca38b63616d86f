"""The terminal door: translates, decides nothing."""
