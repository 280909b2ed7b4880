-- A segment's postings and documents can be held against what was written.

ALTER TABLE segments ADD COLUMN checksum INTEGER;  -- CRC-32; NULL where it was written before there was one
