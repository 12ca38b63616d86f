"""Facts of a place or a protocol, as tables with their sources."""
