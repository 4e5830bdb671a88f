"""What the backend answers: the interface's requests and their bodies, objects, pages."""
