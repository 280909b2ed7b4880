"""The terminal app: panes, their widgets, and the backend that does all their reading and writing."""
