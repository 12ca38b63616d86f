"""Duplicates: a full scan of a million people, one among them, precision and recall on labelled ones, a plain twin."""

import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np

from yipan.analytics.trace.duplicates import (
    DEFAULT_ODDS,
    Index,
    Who,
    duplicates,
    duplicates_plain,
    encoded,
    even_bits,
)

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "unit"))
from test_trace_duplicates import _again, made

FAMILIES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚英华玉桂兰红梅文建国辉志海云山川宇浩然子涵欣怡梓轩雨泽佳琪思远晨曦嘉豪俊熙雪莹诗婷晓东春生永福金凤美玲淑珍庆祥德胜"


def crowd(many: int, rng: np.random.Generator) -> tuple[list[Who], set[tuple[int, int]]]:
    """Labelled people, every eleventh of them told of a second time with one or two mistakes; families as uneven as in life."""
    weight = 1.0 / np.arange(1, len(FAMILIES) + 1) ** 0.9
    family = rng.choice(len(FAMILIES), many, p=weight / weight.sum())
    given = rng.integers(0, len(GIVEN), (many, 2))
    short = rng.random(many) < 0.25
    phone, certificate = rng.integers(3 * 10**9, 10**10, many), rng.integers(10**15, 10**16, many)
    told = rng.random((many, 2))
    day = date(1930, 1, 1).toordinal() + rng.integers(0, 33_000, many)
    street = rng.integers(0, many // 4 + 1, many)
    twice = rng.random(many) < 0.1

    def everybody() -> Iterator[tuple[Who, bool]]:
        for i in range(many):
            first = GIVEN[given[i, 0]] + ("" if short[i] else GIVEN[given[i, 1]])
            yield (
                Who(
                    name=FAMILIES[family[i]] + first, phone=f"1{phone[i]}" if told[i, 0] < 0.8 else "",
                    certificate=f"44{certificate[i]}" if told[i, 1] < 0.6 else "", born=date.fromordinal(int(day[i])),
                    address=f"街{street[i]}号",
                ),
                bool(twice[i]),
            )  # fmt: skip

    people: list[Who] = []
    truth: set[tuple[int, int]] = set()
    for who, again in everybody():
        people.append(who)
        if again:
            truth.add((len(people) - 1, len(people)))
            people.append(replace(_again(who, rng)))
    return people, truth


def main() -> None:
    """Print seconds, precision and recall, the ratio to the plain twin, and peak memory; the people are made up."""
    many = int(os.environ.get("YIPAN_BENCH_ROWS", "1000000"))
    rng = np.random.default_rng(1)
    few = encoded(made(400, rng)[0], key=b"benchmark")
    began = perf_counter()
    duplicates_plain(few, odds=DEFAULT_ODDS)
    slow = perf_counter() - began
    duplicates(few, odds=DEFAULT_ODDS, least_bits=8)
    began = perf_counter()
    duplicates(few, odds=DEFAULT_ODDS, least_bits=8)
    quick = perf_counter() - began
    print(
        f"plain twin, {len(few)} people: {slow:.2f} s; fast {quick:.4f} s; ratio {slow / quick:.0f}"
    )
    people, truth = crowd(int(many / 1.1), rng)
    began = perf_counter()
    hashed = encoded(people, key=b"benchmark")
    hashing = perf_counter() - began
    began = perf_counter()
    found = duplicates(hashed, least_bits=12)
    scan = perf_counter() - began
    print(
        f"{len(people):,} people, {len(truth):,} told of twice: hashing {hashing:.1f} s, full scan {scan:.1f} s"
    )
    even = even_bits(len(hashed))
    for least in (12.0, even - 3.3, even, even + 3.3):
        kept = found.bits >= least
        said = set(zip(found.first[kept].tolist(), found.second[kept].tolist(), strict=True))
        right = len(said & truth)
        mark = " (the default)" if least == even else ""
        print(
            f"  at {least:4.1f} bits{mark}: {len(said):,} pairs, precision {right / max(len(said), 1):.3f}, recall {right / len(truth):.3f}"
        )
    index = Index(hashed)
    taken = []
    for one in rng.integers(0, len(hashed), 500):
        began = perf_counter()
        index.candidates(int(one))
        taken.append((perf_counter() - began) * 1000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  one among them: p50 {np.median(taken):.2f} ms, p95 {np.quantile(taken, 0.95):.2f} ms; peak {peak:,.0f} MB"
    )


if __name__ == "__main__":
    main()
