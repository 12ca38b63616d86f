"""The generated pages of the reference are those the code makes."""

import importlib.util
from functools import cache
from pathlib import Path

import pytest

from yipan.cli import DESKS

DOCS = Path(__file__).parents[2] / "docs"


def generator():
    found = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@cache
def made():
    return generator().pages()


class TestGeneratedPages:
    @pytest.mark.parametrize("name", sorted(made()))
    def test_are_up_to_date(self, name):
        written = (DOCS / "reference" / name).read_text(encoding="utf-8")

        assert written == made()[name], "run `make docs`"

    def test_tell_of_every_route(self):
        module = generator()
        described = module.described()

        page = module.api_page(described)

        for path, methods in described["paths"].items():
            for method in methods:
                assert f"## {method.upper()} {path}\n" in page

    def test_tell_of_every_desk_at_the_terminal(self):
        assert {f"commands/{desk}.md" for desk in DESKS} <= set(made())
        assert "## yipan areas import" in made()["commands/areas.md"]
        assert "`--datum`" in made()["commands/areas.md"]
