"""The Timeline: every memory by time, filters beside it, the one under the cursor in full."""
