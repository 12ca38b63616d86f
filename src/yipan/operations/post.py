"""The post: which record is worked on, and as whom."""

from dataclasses import dataclass

from yipan.model import AreaPath, Viewer
from yipan.store import Store
from yipan.store.lake import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A command post: one record, and the viewer who works with it."""

    store: Store
    viewer: Viewer

    @property
    def area(self) -> AreaPath:
        """The area the post commands."""
        return self.viewer.area

    @property
    def lake(self) -> Lake:
        """The bulk files of screening that lie beside the record."""
        return Lake(folder=self.store.home / "screening")
