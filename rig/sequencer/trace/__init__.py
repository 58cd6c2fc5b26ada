"""Requirements read from files, bundles gathered, and the matrix of the one against the other."""
