"""A job, from a source file to a published folder. Knows no Tk and no server."""
