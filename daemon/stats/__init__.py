"""``swictation stats``: what the user's own utterances cost, why, and whether it has become more."""
