"""What both faces draw with: cells for terminals, SVG for files. Knows no screen."""
