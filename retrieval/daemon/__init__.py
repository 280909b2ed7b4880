"""The warm engine that commands of one project share: a server on a Unix socket, and its client."""
