"""What the server has at a destination, its manifests, and how files are compared, restored and pruned by them."""
