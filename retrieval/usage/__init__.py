"""What queries learn: what was asked, delivered and used, in a database of its own."""
