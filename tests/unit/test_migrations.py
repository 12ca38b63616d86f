"""The steps of the schema: what their files say is what the tool that runs them makes of them."""

from alembic.script import ScriptDirectory

from yipan.store import migrate


class TestNewestRevision:
    def test_is_that_of_the_tool_that_runs_the_steps(self):
        heads = ScriptDirectory.from_config(migrate._config()).get_heads()

        assert migrate.newest_revision() == " ".join(sorted(heads))
        assert len(heads) >= 2

    def test_knows_a_step_that_follows_several(self, tmp_path, monkeypatch):
        steps = {
            "a": 'revision = "a"\ndown_revision = None\n',
            "b": 'revision = "b"\ndown_revision = "a"\n',
            "c": 'revision = "c"\ndown_revision = "a"\n',
            "d": "revision = 'd'\ndown_revision = ('b', 'c')\n",
            "e": 'revision = "e"\ndown_revision = "a"\n',
        }
        for name, text in steps.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr(migrate, "VERSIONS", tmp_path)

        assert migrate.newest_revision() == "d e"
