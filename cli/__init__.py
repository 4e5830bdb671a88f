"""The command line: one module a command, over the same pipeline as the window."""
