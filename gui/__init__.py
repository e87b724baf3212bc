"""The tray of swictation: a client of the daemon's local socket. It shows what the daemon says and decides nothing."""
