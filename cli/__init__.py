"""The command line: one module per command, over the same pipeline as the window."""
