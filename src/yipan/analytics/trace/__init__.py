"""Who infected whom: sources with probabilities, chains, open questions, overlaps, and who is who."""
