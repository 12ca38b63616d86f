"""What acts name has words on the board, in both languages (that the languages agree is checked when it is built)."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r'\b(?:verb|desk)="([a-z_]+)"|^DESK(?:: [\w\[\]]+)? = "([a-z_]+)"', re.MULTILINE)


class TestWordsOfActs:
    def test_are_there_for_every_desk_and_verb(self):
        told = (ROOT / "web/src/i18n/acts.ts").read_text(encoding="utf-8")
        known = set(re.findall(r"\b([a-z_]+): '", told))
        named = {
            name
            for file in (ROOT / "src/yipan/operations").glob("*.py")
            for pair in NAMED.findall(file.read_text(encoding="utf-8"))
            for name in pair
            if name
        }

        assert named - known == set(), "say these in web/src/i18n/acts.ts, in both languages"
