"""What is sent, in which order and to where, and what is written down of it. Imports manifests and http."""
