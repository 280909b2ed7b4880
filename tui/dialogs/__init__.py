"""Small screens that every pane uses: a prompt, a list to choose from, the help."""
