"""The phases of a job, all one protocol, each in a module of its own."""
