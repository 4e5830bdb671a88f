"""Sources that are no files of this machine: how their bytes come here, and where they are kept meanwhile."""
