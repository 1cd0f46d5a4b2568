"""The feature families, a file each; a module here with a ``FAMILY`` is found by the registry."""
