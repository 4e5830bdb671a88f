"""What the backend keeps in its own folder: SQLite files, and what says that the folder is one."""
