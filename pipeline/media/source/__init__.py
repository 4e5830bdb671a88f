"""What a source is: what its file says, where it really ends, what it holds. Decides nothing about the stream."""
