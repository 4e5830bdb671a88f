"""Whisper and subtitles: models, transcription in a child process, cues and their files.

Knows no ffmpeg and no playlists.
"""
