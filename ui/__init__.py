"""The window. The only package that knows Tk; it asks the pipeline for everything else."""
