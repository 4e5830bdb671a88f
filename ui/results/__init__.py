"""What a finished job has made: its figures, and what can be done with its folder."""
