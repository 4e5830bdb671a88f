"""Small widgets that more than one panel uses. They know nothing of jobs."""
