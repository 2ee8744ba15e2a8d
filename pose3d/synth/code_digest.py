"""A digest of Python source that depends on its code alone, not on comments, docstrings or layout.

Comments, blank lines, line breaks within a statement, the width of indentation and statements that are only a string
(docstrings of modules, classes, functions and constants) leave the digest as it is; any other change changes it. It
reads tokens and not the syntax tree, because the printed form of a tree differs between versions of Python.
"""

import hashlib
import io
import tokenize
from collections.abc import Iterator

_IGNORED = {tokenize.ENCODING, tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER}
_MARKS = {tokenize.INDENT: "<indent>", tokenize.DEDENT: "<dedent>"}

_STRING_STARTS = {"FSTRING_START", "TSTRING_START"}
_STRING_ENDS = {"FSTRING_END", "TSTRING_END"}


def code_digest(source: str) -> str:
    """SHA-256 of the code of one module, as a hexadecimal string.

    Args:
        source: Text of the module.

    Raises:
        SyntaxError: The text is not Python (an `IndentationError` or `tokenize.TokenError` for unbalanced parts).
    """
    digest = hashlib.sha256()
    for statement in _statements(source):
        if not all(map(_is_plain_string, statement)):
            digest.update("\0".join(statement).encode() + b"\n")
    return digest.hexdigest()


def _statements(source: str) -> Iterator[list[str]]:
    """The tokens of each logical line, as they are written; changes of indentation are lines of their own."""
    statement: list[str] = []
    for kind, text in _tokens(source):
        if kind in _MARKS:
            yield [_MARKS[kind]]
        elif kind == tokenize.NEWLINE:
            yield statement
            statement = []
        else:
            statement.append(text)


def _tokens(source: str) -> Iterator[tuple[int, str]]:
    """Kind and text of the tokens that matter; an f-string is one token on every version of Python."""
    lines = io.StringIO(source).readlines()
    depth, start = 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name = tokenize.tok_name[token.type]
        if name in _STRING_STARTS:  # Python 3.12 and newer split it into its parts
            start = start if depth else token.start
            depth += 1
        elif name in _STRING_ENDS:
            depth -= 1
            if not depth:
                yield tokenize.STRING, _between(lines, start, token.end)
        elif not depth and token.type not in _IGNORED:
            yield token.type, token.string


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The text between two positions (row from 1, column from 0)."""
    (first, left), (last, right) = start, end
    if first == last:
        return lines[first - 1][left:right]
    return "".join([lines[first - 1][left:], *lines[first : last - 1], lines[last - 1][:right]])


def _is_plain_string(token: str) -> bool:
    """Whether a token is a string without expressions in it: as a statement of its own, it has no effect."""
    return token.lstrip("rRuUbB")[:1] in ("'", '"')
