"""What emoji are worth, and those that say the words before them are not meant."""

from __future__ import annotations

WORTH: dict[str, float] = {
    **dict.fromkeys("😍🥰❤💖💕😻🤩🥳💯", 2.0),
    **dict.fromkeys("😀😃😄😁😊☺🙂👍👏🎉✨👌💪🙌😋🤗😇🌟💐", 1.2),
    **dict.fromkeys("🙏😉😅", 0.3),
    **dict.fromkeys("😡🤬😠💩🖕🤮🤢", -2.5),
    **dict.fromkeys("😤👎😒🙄🤡😞😔💔🤦😩😫☹🙁😖😣🚩⚠☠", -1.6),
    **dict.fromkeys("😢😭😱😰😨😳🤨😕😐😑", -0.7),
    **dict.fromkeys((":)", ":-)", "<3"), 1.2),
    **dict.fromkeys((":(", ":-(", ":/", ":-/"), -1.2),
}

MOCKING = frozenset("🙄🙃😒🤡🤦🥴😑")
"""Praise next to one of these is meant the other way round."""
