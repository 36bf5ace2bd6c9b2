"""The messages that the pages tell of.

`python -m tests.docs.told` prints the rows that are missing in docs/reference/messages.md, and on
stderr where each of their messages stands.
"""

import re
import sys

from tests.docs.markdown import read
from tests.docs.messages import Message, messages, pattern

TROUBLESHOOTING = "docs/how-to/troubleshooting.md"
TABLE = "docs/reference/messages.md"
_SPAN = r"(?:`` (.+?) ``|`([^`]+)`)"


def headings() -> list[str]:
    """The messages of the how-to page."""
    found = re.findall(rf"^### {_SPAN}$", read(TROUBLESHOOTING), re.MULTILINE)
    return [spaced or plain for spaced, plain in found]


def rows() -> dict[str, str]:
    """Message -> what stands beside it, of the reference page."""
    found = re.findall(rf"^\| {_SPAN} \|(.*)\|$", read(TABLE), re.MULTILINE)
    return {(spaced or plain).replace("\\|", "|"): hint.strip() for spaced, plain, hint in found}


def row(message: Message) -> str:
    """A line of the table."""
    text = message.text.strip().replace("|", "\\|")
    span = f"`` {text} ``" if "`" in text else f"`{text}`"
    return f"| {span} | {message.hint} |".replace("|  |", "| |")


def main() -> None:
    """Print what is missing."""
    known = {pattern(text) for text in (*headings(), *rows())}
    for message in messages():
        if pattern(message.text) not in known:
            known.add(pattern(message.text))
            print(message.where, file=sys.stderr)
            print(row(message))


if __name__ == "__main__":
    main()
