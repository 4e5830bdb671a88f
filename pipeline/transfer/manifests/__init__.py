"""What stands where: what the server has, the manifests of it, and what is compared, restored and pruned by them."""
