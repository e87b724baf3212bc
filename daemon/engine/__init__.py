"""The engine as the daemon has it: which one decodes, its worker process, and what it is asked."""
