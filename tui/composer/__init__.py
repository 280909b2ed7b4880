"""Writing a memory: the screen, its fields, and what they complete."""
