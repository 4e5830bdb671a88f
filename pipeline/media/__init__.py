"""Everything that speaks ffmpeg or HLS. Knows no server, no Whisper and no window."""
