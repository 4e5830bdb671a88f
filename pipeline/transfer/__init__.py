"""The upload engine: presigned URLs, bodies, retries, state, publish order. Knows no encoder and no window."""
