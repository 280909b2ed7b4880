"""A small lending library: what the pictures of mnemo's code panes are taken of."""
