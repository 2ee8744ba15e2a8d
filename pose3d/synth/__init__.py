"""The embedded data set: rendered people with exact labels, made on the user's machine."""
