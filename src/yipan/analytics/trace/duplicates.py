"""
Who may be one person: record linkage after Fellegi and Sunter (1969), on keyed hashes and never on names.

Each field of two people agrees, nearly agrees, disagrees or is missing, and adds the logarithm of how much more
often that happens for one person than for two. Only people who share a block (phone, certificate, birth day with
family name or with the sound of the name) are compared. Chinese names sound alike where their characters stand
close together in GB 2312, whose first level is in the order of pinyin; other names by their consonants.
"""

import hashlib
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]

MISSING = np.uint64(0)
LARGEST_BLOCK = 200
"""Larger blocks tell too little to be worth comparing everybody in them; how many were passed over is told."""
_FIRST_OF_LETTER = "啊芭擦搭蛾发噶哈击喀垃妈拿哦啪期然撒塌挖昔压匝"
_ALIKE = str.maketrans("cqzvwj", "kksffy", "h")
_LETTERS = "abcdefghjklmnopqrstwxyz"
_TWO_SIGN_FAMILIES = frozenset(
    {"欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """How often a level of agreement occurs for one person (m) and for two (u)."""

    m: float
    u: float

    @property
    def bits(self) -> float:
        """What the level adds to the score."""
        return math.log2(self.m / self.u)


DEFAULT_ODDS: Mapping[str, Odds] = {
    "certificate_same": Odds(m=0.95, u=1e-7), "certificate_other": Odds(m=0.05, u=1.0),
    "phone_same": Odds(m=0.7, u=2e-6), "phone_other": Odds(m=0.3, u=1.0),
    "born_same": Odds(m=0.93, u=5e-5), "born_near": Odds(m=0.05, u=2e-3), "born_other": Odds(m=0.02, u=1.0),
    "name_same": Odds(m=0.85, u=2e-5), "name_sound": Odds(m=0.1, u=4e-4), "name_family": Odds(m=0.03, u=0.03),
    "name_other": Odds(m=0.02, u=0.97),
    "address_same": Odds(m=0.5, u=1e-5), "address_other": Odds(m=0.5, u=1.0),
}  # fmt: skip
"""Where an analysis starts; the u of names, days and addresses are taken from the people themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """What is compared of one person: texts as the vault holds them, blank where it holds none."""

    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    born: date | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """People as keyed hashes, one array per field; 0 is missing, and the day of birth counts from year 1."""

    name: Keys
    sound: Keys
    family: Keys
    phone: Keys
    certificate: Keys
    address: Keys
    born: Ints

    def __len__(self) -> int:
        """How many there are."""
        return int(self.name.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Pairs who may be one person with their score in bits, the highest first; `passed_over` blocks were too large."""

    first: Ints
    second: Ints
    bits: NDArray[np.float64]
    passed_over: int


def encoded(people: Sequence[Who], *, key: bytes) -> Encoded:
    """
    Return people as hashes under a secret key: equal texts have equal hashes, and nobody without the key can try names.

    >>> two = encoded([Who(name="张伟"), Who(name="章 伟")], key=b"k")
    >>> bool(two.name[0] == two.name[1]), bool(two.sound[0] == two.sound[1])
    (False, True)
    """
    n = len(people)
    columns = {
        name: np.zeros(n, np.uint64)
        for name in ("name", "sound", "family", "phone", "certificate", "address")
    }
    born = np.zeros(n, np.int64)
    secret = hashlib.blake2b(key=key, digest_size=8)

    def mark(kind: str, text: str) -> int:
        if not text:
            return 0
        digest = secret.copy()
        digest.update(f"{kind}|{text}".encode())
        return int.from_bytes(digest.digest(), "big") or 1

    # Names and addresses are shared by many, numbers by few: only the former are worth remembering.
    names: dict[str, tuple[int, int, int]] = {"": (0, 0, 0)}
    addresses: dict[str, int] = {"": 0}
    for i, who in enumerate(people):
        if who.name not in names:
            name = _letters(who.name)
            names[who.name] = (
                mark("name", name), mark("sound", sound_of(name)), mark("family", family_of(name))
            )  # fmt: skip
        columns["name"][i], columns["sound"][i], columns["family"][i] = names[who.name]
        if who.address not in addresses:
            addresses[who.address] = mark("address", _letters(who.address).replace(" ", ""))
        columns["address"][i] = addresses[who.address]
        columns["phone"][i] = mark("phone", _digits(who.phone)[-11:])
        columns["certificate"][i] = mark("certificate", _bare(who.certificate))
        born[i] = who.born.toordinal() if who.born else 0
    return Encoded(born=born, **columns)


def _digits(text: str) -> str:
    return text if text.isdigit() else "".join(sign for sign in text if sign.isdigit())


def _bare(text: str) -> str:
    """A certificate's number as it is compared; plain letters and digits need no taking apart."""
    if text.isascii() and text.isalnum():
        return text.casefold()
    return _letters(text).replace(" ", "")


def sound_of(name: str) -> str:
    """
    What a name sounds like: for Chinese, the initial of each character and its place among those of like sound.

    >>> sound_of("张伟") == sound_of("章伟"), sound_of("catherine") == sound_of("katherine")
    (True, True)
    """
    if any(_chinese(sign) for sign in name):
        return "".join(_syllable(sign) for sign in name if sign != " ")
    words = []
    for word in sorted(name.split()):
        plain = word.replace("ph", "f").replace("ck", "k")
        same = plain.translate(_ALIKE)
        kept = same[:1] + "".join(sign for sign in same[1:] if sign not in "aeiouy")
        words.append("".join(sign for i, sign in enumerate(kept) if i == 0 or sign != kept[i - 1]))
    return " ".join(words)


def family_of(name: str) -> str:
    """The family name: the first character (or two, where they are one name) in Chinese, else the last word."""
    if any(_chinese(sign) for sign in name):
        bare = name.replace(" ", "")
        return bare[:2] if bare[:2] in _TWO_SIGN_FAMILIES else bare[:1]
    words = name.split()
    return words[-1] if words else ""


def odds_of(people: Encoded) -> dict[str, Odds]:
    """The odds with the chance agreement of names, days of birth and addresses as it is among these people."""
    found = dict(DEFAULT_ODDS)
    for level, values in (("name_same", people.name), ("name_sound", people.sound), ("name_family", people.family),
                          ("born_same", people.born), ("address_same", people.address)):  # fmt: skip
        told = values[values != 0]
        if told.size > 1000:
            _, times = np.unique(told, return_counts=True)
            chance = float((times * (times - 1)).sum() / (told.size * (told.size - 1.0)))
            found[level] = Odds(m=found[level].m, u=max(chance, 1e-7))
    return found


def score(
    people: Encoded, first: Ints, second: Ints, odds: Mapping[str, Odds]
) -> NDArray[np.float64]:
    """The bits for each pair being one person rather than two; missing fields add nothing."""
    bits = np.zeros(first.size)
    for name in ("certificate", "phone", "address"):
        a, b = getattr(people, name)[first], getattr(people, name)[second]
        told = (a != 0) & (b != 0)
        bits += np.where(
            told, np.where(a == b, odds[f"{name}_same"].bits, odds[f"{name}_other"].bits), 0.0
        )
    a, b = people.born[first], people.born[second]
    gap = np.abs(a - b)
    near = (gap <= 1) | (np.abs(gap - 365) <= 1) | (gap == 3652) | (gap == 3653)
    days = np.where(
        gap == 0,
        odds["born_same"].bits,
        np.where(near, odds["born_near"].bits, odds["born_other"].bits),
    )
    bits += np.where((a != 0) & (b != 0), days, 0.0)
    same = people.name[first] == people.name[second]
    alike = people.sound[first] == people.sound[second]
    kin = people.family[first] == people.family[second]
    names = np.where(
        same,
        odds["name_same"].bits,
        np.where(
            alike,
            odds["name_sound"].bits,
            np.where(kin, odds["name_family"].bits, odds["name_other"].bits),
        ),
    )
    bits += np.where((people.name[first] != 0) & (people.name[second] != 0), names, 0.0)
    return np.asarray(bits)


def agreeing(people: Encoded, one: int, other: int) -> tuple[str, ...]:
    """
    Return by which fields two people agree: certificate, phone, born, name (or its sound), address.

    >>> two = encoded([Who(name="张伟", phone="1"), Who(name="章伟", phone="1")], key=b"k")
    >>> agreeing(two, 0, 1)
    ('phone', 'sound')
    """
    found = [
        name for name in ("certificate", "phone", "born", "name", "address")
        if getattr(people, name)[one] != 0 and getattr(people, name)[one] == getattr(people, name)[other]
    ]  # fmt: skip
    if "name" not in found and people.sound[one] != 0 and people.sound[one] == people.sound[other]:
        found.append("sound")
    return tuple(found)


def blocks(people: Encoded) -> tuple[Keys, ...]:
    """The keys by which people are brought together, one array per rule; 0 where a rule says nothing of somebody."""
    born = people.born.astype(np.uint64)
    day = np.where(people.born != 0, born * np.uint64(0x9E3779B97F4A7C15), MISSING)

    def both(one: Keys, other: Keys) -> Keys:
        return np.where((one != 0) & (other != 0), one ^ (other * np.uint64(3)), MISSING)

    return (
        people.phone, people.certificate, both(people.sound, day), both(people.family, day), both(people.name, people.address),
    )  # fmt: skip


def even_bits(people: int, *, told_twice: float = 0.1) -> float:
    """
    The score at which a pair among so many people is as likely one person as two, a share of whom are told of twice.

    The more people there are, the more of them agree by chance, and the more a pair has to agree.

    >>> round(even_bits(1000), 1), round(even_bits(1_000_000), 1)
    (13.3, 23.3)
    """
    return max(0.0, math.log2(max(people, 2) / told_twice))


def duplicates(
    people: Encoded, *, odds: Mapping[str, Odds] | None = None, least_bits: float | None = None
) -> Pairs:
    """
    Return every pair that shares a block and scores at least `least_bits`, the highest first.

    Where none is given, pairs are returned that are likelier one person than two (`even_bits`).
    """
    weights = odds or odds_of(people)
    least_bits = even_bits(len(people)) if least_bits is None else least_bits
    found: list[NDArray[np.int64]] = []
    passed = 0
    for key in blocks(people):
        told = np.flatnonzero(key != 0)
        order = told[np.argsort(key[told], kind="stable")]
        starts = (
            np.flatnonzero(np.r_[True, key[order][1:] != key[order][:-1]]) if order.size else order
        )
        sizes = np.diff(np.r_[starts, order.size])
        passed += int((sizes > LARGEST_BLOCK).sum())
        for gap in range(1, int(min(sizes.max(initial=0), LARGEST_BLOCK))):
            wide = (sizes > gap) & (sizes <= LARGEST_BLOCK)
            if not wide.any():
                break
            head = np.repeat(starts[wide], sizes[wide] - gap)
            within = np.arange(head.size) - np.repeat(
                np.cumsum(sizes[wide] - gap) - (sizes[wide] - gap), sizes[wide] - gap
            )
            found.append(np.stack([order[head + within], order[head + within + gap]], axis=1))
    pairs = (
        np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
        if found
        else np.empty((0, 2), np.int64)
    )
    bits = score(people, pairs[:, 0], pairs[:, 1], weights)
    kept = np.flatnonzero(bits >= least_bits)
    kept = kept[np.argsort(-bits[kept], kind="stable")]
    return Pairs(first=pairs[kept, 0], second=pairs[kept, 1], bits=bits[kept], passed_over=passed)


def duplicates_plain(
    people: Encoded, *, odds: Mapping[str, Odds], least_bits: float = 8.0
) -> set[tuple[int, int]]:
    """The same, everybody against everybody who shares a block. It judges `duplicates`."""
    keys = blocks(people)
    return {
        (i, j)
        for i in range(len(people))
        for j in range(i + 1, len(people))
        if any(key[i] != 0 and key[i] == key[j] for key in keys)
        and score(people, np.array([i]), np.array([j]), odds)[0] >= least_bits
    }


class Index:
    """People made ready so that the likely doubles of one of them are found at once."""

    def __init__(self, people: Encoded) -> None:
        self.people = people
        self.odds = odds_of(people)
        self._keys = blocks(people)
        self._order = tuple(np.argsort(key, kind="stable") for key in self._keys)
        self._sorted = tuple(key[order] for key, order in zip(self._keys, self._order, strict=True))

    def candidates(
        self, one: int, *, least_bits: float | None = None
    ) -> tuple[tuple[int, float], ...]:
        """Return who may be the same person as number `one`, with bits, the likeliest first (see `duplicates`)."""
        least_bits = even_bits(len(self.people)) if least_bits is None else least_bits
        near: set[int] = set()
        for key, order, ranked in zip(self._keys, self._order, self._sorted, strict=True):
            if key[one] != 0:
                begin, end = (
                    np.searchsorted(ranked, key[one]),
                    np.searchsorted(ranked, key[one], side="right"),
                )
                near.update(order[begin : min(end, begin + LARGEST_BLOCK)].tolist())
        near.discard(one)
        others = np.array(sorted(near), dtype=np.int64)
        bits = score(self.people, np.full(others.size, one), others, self.odds)
        listed = [(int(j), float(b)) for j, b in zip(others, bits, strict=True) if b >= least_bits]
        return tuple(sorted(listed, key=lambda entry: (-entry[1], entry[0])))


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    kept = "".join(
        sign if sign.isalnum() or sign.isspace() else ""
        for sign in plain
        if not unicodedata.combining(sign)
    )
    joined = " ".join(kept.split())
    return joined.replace(" ", "") if any(_chinese(sign) for sign in joined) else joined


def _chinese(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"


@cache
def _syllable(sign: str) -> str:
    """The initial letter of a character, by its place in GB 2312; rarer characters stand for themselves."""
    place = _place(sign)
    if place is None:
        return sign
    letter = ""
    for first, name in zip(_FIRST_OF_LETTER, _LETTERS, strict=True):
        if (_place(first) or 0) <= place:
            letter = name
    return letter


def _place(sign: str) -> int | None:
    try:
        high, low = sign.encode("gb2312")
    except (UnicodeEncodeError, ValueError):
        return None
    return (high << 8) | low if 0xB0 <= high <= 0xD7 else None
