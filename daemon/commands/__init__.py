"""The longer verbs of the command line."""
