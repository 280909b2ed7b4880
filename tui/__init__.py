"""The app: screens, widgets, and the backend that runs storage in workers."""
