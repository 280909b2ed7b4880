"""Mind: a conversation with your memories, whoever answers."""
