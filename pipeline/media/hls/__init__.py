"""The files of a stream: what finished segments are, playlists, thumbnails, encryption. Knows no encoder."""
