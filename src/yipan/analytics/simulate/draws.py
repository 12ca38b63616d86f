"""
Chance by keyed hash: every draw is a function of (seed, entity, purpose, index), never of what was drawn before.

So results do not depend on the order of the work or the number of threads, two strategies share every draw until
they differ, and a single case can be replayed. The hash is splitmix64's finaliser (Steele, Lea, Flood 2014), twice.
"""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

u64 = np.uint64
Whole = int | np.integer[Any]
Ints = NDArray[np.integer[Any]]
Reals = NDArray[np.float64]
Rows = NDArray[np.void]
F = TypeVar("F", bound=Callable[..., Any])

_GOLDEN = u64(0x9E3779B97F4A7C15)
_GOLDEN_INVERSE = u64(0xF1DE83E19937733D)
_MIX1 = u64(0xBF58476D1CE4E5B9)
_MIX2 = u64(0x94D049BB133111EB)
_ENTITY = u64(0xD6E8FEB86659FD93)
_PURPOSE = u64(0xA0761D6478BD642F)

# What a draw is for. Two draws of one entity with different purposes are independent. Of one width each, so that
# `draw` is compiled once and not for every number.
INFECTIOUSNESS = np.int64(1)
HOUSEHOLD_COUNT = np.int64(2)
HOUSEHOLD = np.int64(3)
DORMITORY_COUNT = np.int64(4)
DORMITORY = np.int64(5)
WORK_COUNT = np.int64(6)
WORK = np.int64(7)
SCHOOL_COUNT = np.int64(8)
SCHOOL = np.int64(9)
COMMUNITY_COUNT = np.int64(10)
COMMUNITY = np.int64(11)
ACCEPT = np.int64(12)
SYMPTOMS = np.int64(13)
INCUBATION = np.int64(14)
SEEKS = np.int64(15)
CT_PEAK = np.int64(16)
CT_RISE = np.int64(17)
CT_FALL = np.int64(18)
LATENT = np.int64(19)
VACCINE = np.int64(20)
VACCINE_DAY = np.int64(21)
SEVERE = np.int64(22)
DIES = np.int64(23)
IMPORT_COUNT = np.int64(24)
IMPORT = np.int64(25)
SAMPLE_POOL = np.int64(26)
SAMPLE_SINGLE = np.int64(27)
ATTENDS = np.int64(28)
RECALL = np.int64(29)
CONTACT_COUNT = np.int64(30)
CONTACT = np.int64(31)
LEAVE_TEST = np.int64(32)
SEED_PLACE = np.int64(33)
ROLE = np.int64(34)
BLOCK = np.int64(35)
SEEK_TEST = np.int64(36)


INLINED = ("draws", "kernel", "measures", "pathogen", "province", "zones")
"""The modules whose functions and numbers end up in what is compiled."""


def helper(function: F) -> F:
    """
    Compile a part of the model: division as in C, called by compiled code only, allocating nothing.

    Without the counting of references to arrays a third less is compiled, which is what a first run waits for.
    """
    return _njit(function, no_cpython_wrapper=True, _nrt=False)


def entry(function: F) -> F:
    """Compile what Python calls: kept on disk with all it calls, other threads run meanwhile, allocating nothing."""
    made = _njit(function, cache=True, nogil=True, _nrt=False)
    # Numba looks for changes in the file of the function alone, and would keep on running what it calls as it was
    made._cache._cache_file._source_stamp = source_stamp(  # type: ignore[attr-defined]  # noqa: SLF001  # no other way in
        inspect.getsource(sys.modules[f"{__package__}.{name}"]) for name in INLINED
    )
    return made


def source_stamp(sources: Iterable[str]) -> str:
    """
    Return what tells compiled code of these sources from that of others.

    >>> source_stamp(["a", "b"]) == source_stamp(["ab", ""])
    False
    """
    return hashlib.sha256(repr(list(sources)).encode()).hexdigest()


def is_kept(function: Callable[..., Any]) -> bool:
    """Return whether an `entry` lies compiled on disk, from the sources as they are."""
    return bool(function._cache._cache_file._load_index())  # type: ignore[attr-defined]  # noqa: SLF001  # no other way in


def table_of(function: F) -> F:
    """Compile what Python calls where it makes the arrays it returns."""
    return _njit(function, cache=True)


def _njit(function: F, **how: bool) -> F:
    options: dict[str, Any] = {"error_model": "numpy", "no_cfunc_wrapper": True, **how}
    return cast("F", njit(**options)(function))


@helper
def mix(x: u64) -> u64:
    """Return splitmix64's finaliser of a 64-bit word."""
    x = x + _GOLDEN
    x = (x ^ (x >> u64(30))) * _MIX1
    x = (x ^ (x >> u64(27))) * _MIX2
    return x ^ (x >> u64(31))


@helper
def draw(seed: u64, entity: Whole, purpose: Whole, index: Whole) -> u64:
    """Return 64 random bits for the `index`-th draw of an entity for a purpose."""
    return mix(mix(seed ^ (u64(entity) * _ENTITY)) ^ (u64(purpose) * _PURPOSE + u64(index)))


@helper
def once(seed: u64, entity: Whole, purpose: Whole) -> u64:
    """Return 64 random bits for the first draw of an entity for a purpose."""
    return mix(mix(seed ^ (u64(entity) * _ENTITY)) ^ (u64(purpose) * _PURPOSE))


@helper
def unit(bits: u64) -> float:
    """Return a number in [0, 1) with 53 random bits."""
    return (bits >> u64(11)) * (1.0 / 9007199254740992.0)


@helper
def below(bits: u64, n: Whole) -> np.int64:
    """Return a whole number in [0, n), n under 2**32, as int64."""
    return np.int64(((bits >> u64(32)) * u64(n)) >> u64(32))


@helper
def poisson(mean: float, bits: u64) -> int:
    """Return a Poisson number, exact by multiplication below a mean of 12, by parts above."""
    count = 0
    left = mean
    while left > 0.0:
        part = min(left, 12.0)
        left -= part
        limit = np.exp(-part)
        product = 1.0
        while True:
            bits = mix(bits + u64(1))
            product *= unit(bits)
            if product <= limit:
                break
            count += 1
    return count


@helper
def permute(x: Whole, n: Whole, bits: int, key: u64) -> np.int64:
    """Return where place `x` of [0, n) goes in a keyed shuffle; n <= 2**bits (cycle walking, three rounds)."""
    mask = (u64(1) << u64(bits)) - u64(1)
    half = u64((bits + 1) // 2)
    x = u64(x)
    while True:
        for turn in range(3):
            x = (x + key * u64(2 * turn + 1)) & mask
            x = (x * _GOLDEN) & mask
            x = x ^ (x >> half)
        if x < u64(n):
            return np.int64(x)


@helper
def unpermute(x: Whole, n: Whole, bits: int, key: u64) -> np.int64:
    """Return the place that `permute` sends to `x`."""
    mask = (u64(1) << u64(bits)) - u64(1)
    half = u64((bits + 1) // 2)
    x = u64(x)
    while True:
        for turn in range(2, -1, -1):
            x = x ^ (x >> half)
            x = (x * _GOLDEN_INVERSE) & mask
            x = (x - key * u64(2 * turn + 1)) & mask
        if x < u64(n):
            return np.int64(x)


@helper
def last_at_most(offsets: NDArray[Any], x: Whole | float) -> int:
    """Return the largest i with offsets[i] <= x in ascending offsets, never the last entry."""
    low = 0
    high = offsets.size - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if offsets[middle] <= x:
            low = middle
        else:
            high = middle
    return low


@table_of
def _units(
    seed: u64, entities: NDArray[np.int64], purpose: Whole, index: Whole
) -> NDArray[np.float64]:
    out = np.empty(entities.size)
    for i in range(entities.size):
        out[i] = unit(draw(seed, entities[i], purpose, index))
    return out


def units(seed: int, entities: np.ndarray, *, purpose: Whole, index: int = 0) -> np.ndarray:
    """
    Return the draws in [0, 1) that the kernel makes for these entities: the way to replay a case.

    >>> import numpy as np
    >>> a = units(7, np.array([1, 2, 3]), purpose=SYMPTOMS)
    >>> bool((a == units(7, np.array([1, 2, 3]), purpose=SYMPTOMS)).all())
    True
    """
    return np.asarray(
        _units(u64(seed), np.ascontiguousarray(entities, dtype=np.int64), purpose, index)
    )
