"""`fer-live bench`: how fast this computer reads faces."""
