"""What the socket may ask of the daemon, verb by verb."""
