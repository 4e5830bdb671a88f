"""A strip of the video's frames: choosing the part that is converted and the poster, and trying the settings out."""
