"""Pose stores and the loaders that read them."""
