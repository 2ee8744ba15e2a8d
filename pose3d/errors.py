"""The one exception that is meant for people."""


class PoseError(Exception):
    """Something the user can mend: one sentence that says what is wrong, where, and what to do.

    Command lines print the sentence and exit with code 2; everything else is a defect and keeps its traceback.
    """


INCOMPLETE = 3
"""Exit code of a command that did its work but had to leave out damaged input, which it names."""
