"""`navfeed vacuum`: the store without its free space."""

from __future__ import annotations

from navfeed.api import store_lock
from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption, DbOption
from navfeed.cli._output import (
    print_warning,
)
from navfeed.config import (
    load,
)
from navfeed.errors import StoreError


@app.command()
def vacuum(*, db: DbOption = None, config: ConfigOption = None) -> None:
    """Compact the store.

    Writes it anew, without the free space in it. Takes as much room again meanwhile, and as
    much memory: no copy of ads gets into temporary files. Rarely worth it: free space is used
    again. Ends with 75 when a sync is running.
    """
    from navfeed.store.writer import Store

    settings = load({"db": db}, config=config)
    path = settings.db
    if not path.exists():
        raise StoreError(f"there is no store at {path} yet. Run `navfeed sync` first")
    before = path.stat().st_size
    with store_lock(path), Store(path, upgrade_copy=settings.upgrade_copy) as store:
        erased = store.vacuum()
    print_warning(f"{before / 1e6:,.1f} MB became {path.stat().st_size / 1e6:,.1f} MB")
    if not erased:
        print_warning(
            "another program reads the store: the next sync overwrites what is left on disk"
        )
