"""Who may do what: tokens and their rights, signed URLs, who may watch. Knows no routes."""
