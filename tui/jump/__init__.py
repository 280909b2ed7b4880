"""Jump: a letter on everything that can have the keys, and one key press goes there."""
