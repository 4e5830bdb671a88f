"""The parts of the window: each shows one part of the view state and reads one part of the form."""
