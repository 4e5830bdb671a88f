"""Deciding how video and audio are encoded, and the arguments that say so to ffmpeg. Imports source, ffmpeg and hls."""
