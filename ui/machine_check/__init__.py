"""What this computer has for the program to work with: shown at the first start, and by Help > Check this computer."""
