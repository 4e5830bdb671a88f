"""Where encode and speech tasks run: what a task is, who runs it, and how it is done."""
