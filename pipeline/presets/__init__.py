"""Settings of a conversion that have a name: what they are, those that are shipped, and those of the user's own."""
