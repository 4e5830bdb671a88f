"""*Open with* of file managers: the program is offered there for videos, by a package or at the user's wish."""
