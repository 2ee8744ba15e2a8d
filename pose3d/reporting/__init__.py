"""What people look at after a run: the table on the screen, and the report, one HTML file that needs no network."""
