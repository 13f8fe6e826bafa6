"""The tab Live: a visitor's camera, read frame by frame; nothing of it is kept."""
