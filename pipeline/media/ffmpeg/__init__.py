"""Starting ffmpeg, following it, ending it, and what its messages mean. Knows neither sources nor streams."""
