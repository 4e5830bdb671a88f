"""The window in which the transcripts of a course are corrected."""
