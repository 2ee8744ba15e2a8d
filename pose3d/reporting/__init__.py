"""Results of a run for people: the table on the screen, and the report, one HTML file that works offline."""
