"""The code blocks of the documentation: what a page says is run, as it stands there."""

import re


def all_blocks(page: str) -> list[tuple[str, str]]:
    """(language, text) of each block, in their order; what else stands beside it is dropped."""
    return re.findall(r"^```(\S+).*?\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """The text of each block in a language, in their order."""
    return [text for found, text in all_blocks(page) if found == language]


def lines(page: str, language: str) -> list[str]:
    """The lines of all blocks in a language."""
    return "".join(blocks(page, language)).splitlines()


def transcript(page: str, prompt: str) -> list[tuple[str, str, list[str]]]:
    """All console blocks: (what stands before the prompt, command, the lines that it prints)."""
    steps: list[tuple[str, str, list[str]]] = []
    for line in lines(page, "console"):
        before, found, command = line.partition(prompt)
        if found:
            steps.append((before, command, []))
        elif line:
            steps[-1][2].append(line)
    return steps
