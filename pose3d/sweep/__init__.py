"""Hyperparameter searches from W&B sweep files, run on this machine without an account (`pose3d sweep FILE`)."""
