"""The reference backend: presigned URLs, file records and a player page over a storage. Knows no job and no window."""
