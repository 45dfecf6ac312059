"""`navfeed vacuum`: the store without its free space."""

from __future__ import annotations

from navfeed.api import open_store, store_lock
from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption, DbOption, DryRunOption
from navfeed.cli._output import print_lines, print_warning
from navfeed.config import load
from navfeed.errors import StoreError


@app.command()
def vacuum(
    *, db: DbOption = None, config: ConfigOption = None, dry_run: DryRunOption = False
) -> None:
    """Compact the store.

    Rewrites it without free space. Needs as much disk and memory again while it runs: no ads are
    written to temporary files. Rarely worth it, since free space is reused. Ends with 75 while a
    sync is running.
    """
    from navfeed.store.writer import Store

    settings = load({"db": db}, config=config)
    path = settings.db
    if not path.exists():
        raise StoreError(f"there is no store at {path} yet. Run `navfeed sync` first")
    before = path.stat().st_size
    if dry_run:
        with open_store(path) as reader:
            free = reader.free_bytes()
        print_lines([f"would free at least {free / 1e6:,.1f} MB of {before / 1e6:,.1f} MB"])
        return
    with store_lock(path), Store(path, upgrade_copy=settings.upgrade_copy) as store:
        erased = store.vacuum()
    print_warning(f"compacted {before / 1e6:,.1f} MB to {path.stat().st_size / 1e6:,.1f} MB")
    if not erased:
        print_warning(
            "another program is reading the store: the next sync erases what is left on disk"
        )
