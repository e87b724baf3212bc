"""The resident daemon of swictation, its workers and its command line."""
