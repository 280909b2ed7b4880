"""The Cache pane: what the adaptive cache holds, how it adapts, and how other policies would do."""
