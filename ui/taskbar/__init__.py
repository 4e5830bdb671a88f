"""The program on the taskbar or the dock: the title of its window, and how far its job is."""
