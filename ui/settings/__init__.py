"""The settings window: what the program is set to, whatever video is converted."""
