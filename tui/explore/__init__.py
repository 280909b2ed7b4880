"""Explore: a question, what answers it within a budget, and why; over a project's code or the journal."""
