"""The subcommands of `pose3d`: each file has HELP, EXAMPLE, add_arguments(parser) and run(args) -> exit code."""
