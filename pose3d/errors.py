"""User-facing errors."""


class PoseError(Exception):
    """A mistake that the user can fix: one sentence that says what is wrong, where, and what to do.

    Command lines print the sentence and exit with code 2; any other exception is a defect and keeps its traceback.
    """


INCOMPLETE = 3
"""Exit code of a command that did its work but had to leave out damaged input, which it names."""
