"""The tab for films: read, shown beside a timeline of each person, and opened again with their log."""
