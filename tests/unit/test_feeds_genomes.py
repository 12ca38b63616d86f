"""Distances between genomes from files, good and bad; and what they and the weights of settings do to sources."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from places import GUANGZHOU
from yipan.feeds.genomes import read_genomes
from yipan.model import (
    Case,
    Classification,
    GenomeDistance,
    Setting,
    Venue,
    Visit,
    genome_distance,
    person_id,
)
from yipan.operations import (
    network,
    outbreak_files,
)

ZONE = ZoneInfo("Asia/Shanghai")
KNOWN = {name: (f"o:{name}", GUANGZHOU) for name in ("A", "B", "C", "7")}


def read(text, encoding="utf-8"):
    return read_genomes(("d.csv", text.encode(encoding)), cases=KNOWN)


def told(found):
    return " / ".join(str(problem) for problem in found.report.problems)


class TestDistances:
    @pytest.mark.parametrize(
        "text",
        [
            "first,second,snps\nA,B,2\nC,A,5\n",
            "id1;id2;SNP distance\nB;A;2\nA;C;5\n",
            "snp-dists 0.8,A,B,C\nA,0,2,5\nB,2,0,\nC,5,,0\n",
            "first\tsecond\tdistance\nA\tB\t2\nB\tA\t2\nA\tC\t5\n",
        ],
    )
    def test_are_read_from_a_list_or_a_square_table(self, text):
        found = read(text)

        assert found.ok, told(found)
        assert [(d.id, d.snps) for d in found.distances] == [("o:A|o:B", 2), ("o:A|o:C", 5)]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "empty"),
            ("first,second,snps\n", "no"),
            ("a,b,c\n1,2,3\n", "row 1: no distances"),
            ("first,second,snps\nA,X,2\n", "row 2, column snps: 'X' is no case known here"),
            ("first,second,snps\nA,B,-1\n", "row 2, column snps: '-1' is not a whole number"),
            ("first,second,snps\nA,B,1.5\n", "not a whole number"),
            ("first,second,snps\nA,B,\n", "is blank"),
            ("first,second,snps\nA,B,2\nB,A,3\n", "row 3, column snps: '3' contradicts 2"),
            ("first,second,snps\nA,A,2\n", "same case"),
            ('first,second,snps\nA,"B,2\n', "row"),
        ],
    )
    def test_that_are_wrong_are_refused_with_their_place(self, text, reason):
        found = read(text)

        assert not found.ok
        assert found.distances == ()
        assert reason in told(found)

    def test_are_told_in_order_and_never_below_none(self):
        with pytest.raises(ValueError, match="in order"):
            GenomeDistance(id="b|a", area=GUANGZHOU, first="b", second="a", snps=1)
        with pytest.raises(ValueError, match="cannot be below none"):
            genome_distance("a", "b", -1, area=GUANGZHOU)


def case(name, day, person):
    return Case(
        id=f"o:{name}", person=person_id(f"p-{person * 12}"), area=GUANGZHOU, disease="x",
        classification=Classification.CONFIRMED, onset=date(2022, 11, 1) + timedelta(days=day),
    )  # fmt: skip


CASES = (case("A", 0, "a"), case("B", 0, "b"), case("C", 5, "c"), case("D", 5, "d"))


def share(net, of, source, **options):
    answers = network.sources_answer(network.trace(net, time_zone=ZONE, **options), only=[of])
    return next((c.probability for c in answers[0].candidates if c.source == source), 0.0)


class TestSources:
    def test_follow_genomes_where_days_say_nothing(self, tmp_path):
        net = network.network_of(CASES)
        (tmp_path / "d.csv").write_text(
            "first,second,snps\nA,C,0\nB,C,12\nA,D,11\nB,D,1\n", encoding="utf-8"
        )

        told_apart = outbreak_files.genomes_for(net, tmp_path / "d.csv")

        assert share(net, "o:C", "o:A") == pytest.approx(share(net, "o:C", "o:B"))
        assert share(told_apart, "o:C", "o:A") > 3 * share(told_apart, "o:C", "o:B")
        assert share(told_apart, "o:D", "o:B") > share(told_apart, "o:D", "o:A")

    def test_follow_the_weight_of_a_setting(self):
        def visit(name, person, place):
            noon = datetime(2022, 11, 1, 4, tzinfo=UTC)
            return Visit(
                id=name,
                area=GUANGZHOU,
                person=person.person,
                place=place,
                since=noon,
                until=noon + timedelta(hours=2),
            )

        a, b, c, _ = CASES
        venues = [
            Venue(id=f"v-{kind}", area=GUANGZHOU, name_zh="z", name_en="e", setting=Setting(kind))
            for kind in ("household", "shop")
        ]
        net = network.network_of(
            CASES,
            visits=[visit("1", a, "v-household"), visit("2", c, "v-household"), visit("3", b, "v-shop"), visit("4", c, "v-shop")],
            venues=venues,
        )  # fmt: skip
        weights = network.weights_of(["household=4"])

        assert share(net, "o:C", "o:A") == pytest.approx(share(net, "o:C", "o:B"))
        assert share(net, "o:C", "o:A", weights=weights) > 2 * share(
            net, "o:C", "o:B", weights=weights
        )

    @pytest.mark.parametrize("text", ["household", "moon=2", "shop=x", "shop=-1", "shop=1e9"])
    def test_refuse_a_weight_that_is_none(self, text):
        with pytest.raises(ValueError, match="weight"):
            network.weights_of([text])

    def test_take_the_interval_published_for_the_disease(self):
        measles = network.network_of(replace(c, disease="measles") for c in CASES)

        traced = network.trace(measles, time_zone=ZONE)

        assert (traced.serial_from, traced.found.parameters.serial.mean_days) == ("published", 11.5)
        assert network.trace(network.network_of(CASES), time_zone=ZONE).serial_from == "assumed"
