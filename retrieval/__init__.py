"""The code index: what a project's files hold, kept true while they change, and asked within a budget."""
