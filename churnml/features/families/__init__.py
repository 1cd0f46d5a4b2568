"""The feature families, a file each; a module here with a ``FAMILY`` is in the catalogue."""
