"""The web door: translates, decides nothing."""
