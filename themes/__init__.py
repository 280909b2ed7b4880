"""Theme files and the palette of the feelings."""
