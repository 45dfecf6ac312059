"""`navfeed applied`: note that one applied."""

from __future__ import annotations

from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption, DbOption, DryRunOption
from navfeed.cli._triage import AdArgument, NoteOption, UndoOption, mark_ad, predict_mark
from navfeed.config import load
from navfeed.watches.choices import Mark


@app.command()
def applied(
    ad: AdArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    note: NoteOption = None,
    undo: UndoOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Note that you applied.

    Watches no longer remind you that it closes soon.
    """
    do = predict_mark if dry_run else mark_ad
    do(load({"db": db}, config=config), ad, Mark.APPLIED, note, undo=undo)
