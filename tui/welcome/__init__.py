"""What to begin with, where nothing is set up yet: a journal, an index, a model, or the demo."""
