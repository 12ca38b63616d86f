"""Areas as people write them: path, code, Chinese or English name, short or with its parents."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from yipan.model import Area, AreaPath

from .frame import Refused

_SUFFIX_ZH = re.compile(r"(?<=..)(?:特别行政区|自治区|自治县|街道|省|市|区|县|镇|乡)$")
_SUFFIX_EN = re.compile(r" (?:province|city|district|county|subdistrict|town|township)$")


def name_key(text: str) -> str:
    """A name as it is compared: narrow forms, small letters, single blanks, no commas."""
    clean = unicodedata.normalize("NFKC", text).casefold().replace(",", " ")
    return " ".join(clean.split())


class AreaNames:
    """A lookup over areas; full names win over short ones, and what stays open is refused."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._exact: dict[str, AreaPath] = {}
        self._full: dict[str, set[AreaPath]] = {}
        self._short: dict[str, set[AreaPath]] = {}
        self._by_end: dict[str, set[str]] = {}
        known = {area.path: area for area in areas}
        for path, area in known.items():
            self._exact[path] = path
            if area.code:
                self._exact[area.code] = path
                self._exact[area.code.ljust(12, "0")] = path
            zh, en = area.name_zh, area.name_en
            self._full.setdefault(name_key(zh), set()).add(path)
            self._full.setdefault(name_key(en), set()).add(path)
            self._short.setdefault(_SUFFIX_ZH.sub("", name_key(zh)), set()).add(path)
            self._short.setdefault(_SUFFIX_EN.sub("", name_key(en)), set()).add(path)
            for name in (name_key(zh), name_key(en)):
                self._by_end.setdefault(name[0], set()).add(name)
                self._by_end.setdefault(name[-1], set()).add(name)
            above = area.parent
            while above is not None and above in known:
                zh, en = known[above].name_zh + zh, f"{en} {known[above].name_en}"
                self._full.setdefault(name_key(zh), set()).add(path)
                self._full.setdefault(name_key(en), set()).add(path)
                above = known[above].parent

        steps: dict[str, list[AreaPath]] = {}
        for path in known:
            steps.setdefault(path.split(".")[-2], []).append(path)
        for step, paths in steps.items():
            if len(paths) == 1:
                self._exact.setdefault(step, paths[0])

    def resolve(self, text: str, parent: str = "", *, hint: bool = True) -> AreaPath | Refused:
        """
        Return the path of the area a text names, or why it names none; `parent` narrows the choice.

        Without `hint` no nearest name is sought, which is what takes time.
        """
        key = name_key(text)
        if not key:
            return Refused(en="the area is missing", zh="缺少地区")
        within = ""
        if parent.strip():
            outer = self.resolve(parent, hint=hint)
            if isinstance(outer, Refused):
                return Refused(en=f"its parent {outer.en}", zh=f"上级地区{outer.zh}")
            within = outer
        exact = self._exact.get(key)
        if exact is not None:
            if exact.startswith(within):
                return exact
            return Refused(en=f"lies outside {within}", zh=f"不在{within}之内")
        bare = _SUFFIX_EN.sub("", key)
        for names, wanted in ((self._full, key), (self._short, key), (self._full, bare)):
            found = sorted(path for path in names.get(wanted, ()) if path.startswith(within))
            if len(found) == 1:
                return found[0]
            if found:
                listed = ", ".join(found[:4]) + (" ..." if len(found) > 4 else "")
                return Refused(
                    en=f"names {len(found)} areas: {listed}",
                    zh=f"对应{len(found)}个地区：{listed}",
                    suggestion="add a column with the parent area, or use the code",
                )
        if not hint:
            return Refused(en="is not an area known here", zh="不是已知的地区")
        alike = {*self._by_end.get(key[0], ()), *self._by_end.get(key[-1], ())}
        near = get_close_matches(key, sorted(alike), n=1, cutoff=0.7)
        return Refused(
            en="is not an area known here",
            zh="不是已知的地区",
            suggestion=f"did you mean {near[0]}?"
            if near
            else "use the code, the path or the full name",
        )
