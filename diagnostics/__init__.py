"""What the program keeps about its own mistakes, and hands out to whoever looks into them."""
