"""The Arc pane: how memories feel over time."""
