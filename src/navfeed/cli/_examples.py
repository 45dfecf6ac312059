"""The examples in the help of each command: what a line does, and the line.

A module of its own, which only a help loads.
"""

from __future__ import annotations

AD = "3f2a9c41"
"""The beginning of an ad's id."""

EXAMPLES = {
    "": (
        ("Copy the feed; later only what has changed since", "navfeed sync"),
        ("Search the copy", "navfeed list --text sykepleier --municipality BERGEN"),
        ("Be notified of new ads that match", "navfeed watch init"),
    ),
    "sync": (
        ("Copy the feed, or update the copy", "navfeed sync"),
        (
            "Show what a smaller scope would remove",
            "navfeed sync --scope county=ROGALAND --dry-run",
        ),
        ("Run as a service that syncs every five minutes", "navfeed sync --follow --every 5m"),
    ),
    "list": (
        (
            "Nurses in Bergen, best match first",
            "navfeed list --text sykepleier --municipality BERGEN",
        ),
        (
            "At most 30 km from Hamar, apply within a week",
            "navfeed list --near HAMAR --within 30km --due 7",
        ),
        (
            "All but Oslo, three fields as JSON",
            "navfeed list --county '!OSLO' --json uuid,title,due_date",
        ),
    ),
    "show": (
        ("An ad, by the first characters of its id", f"navfeed show {AD}"),
        ("Open the page on which to apply", f"navfeed show {AD} --open"),
        ("What happened to an ad that is gone", f"navfeed show {AD} --history"),
    ),
    "save": (
        ("Save an ad with a note", f"navfeed save {AD} --note 'call on Monday'"),
        ("List the saved ads", "navfeed list --saved"),
    ),
    "applied": (("Note that you applied", f"navfeed applied {AD}"),),
    "ignore": (
        ("Hide an ad", f"navfeed ignore {AD}"),
        ("Show it again", f"navfeed ignore {AD} --undo"),
    ),
    "watch": (
        ("Create a watch by answering five questions", "navfeed watch init"),
        ("Deliver what is new, after a sync", "navfeed watch run"),
    ),
    "watch add": (
        (
            "Mail each new ad for nurses in Troms",
            "navfeed watch add nurses --text sykepleier --county TROMS --to mail:me@example.com",
        ),
        ("A feed for a news reader", "navfeed watch add it --occupation IT --to atom:it.xml"),
    ),
    "watch list": (("Names and filters, as JSON", "navfeed watch list --json watch,filters"),),
    "watch show": (("Filters, targets and deliveries", "navfeed watch show nurses"),),
    "watch edit": (
        ("Change the places", "navfeed watch edit nurses --municipality BERGEN,ØYGARDEN"),
        ("Remove a filter", "navfeed watch edit nurses --without municipality"),
    ),
    "watch remove": (
        ("Show what would be removed", "navfeed watch remove nurses --dry-run"),
        ("Remove it", "navfeed watch remove nurses"),
    ),
    "watch run": (
        ("All watches, from cron", "navfeed watch run"),
        ("One, whatever the quiet hours", "navfeed watch run nurses --now"),
    ),
    "watch preview": (("What the next run would deliver", "navfeed watch preview nurses"),),
    "watch init": (("Answer five questions", "navfeed watch init"),),
    "export": (
        (
            "All active ads for a spreadsheet",
            "navfeed export --format csv --excel --output ads.csv",
        ),
        (
            "Selected columns of one county",
            "navfeed export --format csv --county TROMS --columns uuid,title",
        ),
        ("The ads that were active on a day", "navfeed export --format csv --as-of 2026-05-01"),
    ),
    "changes": (
        ("Continue where the last call ended", "navfeed changes --cursor position.txt"),
        ("Begin with every active ad", "navfeed changes --snapshot --cursor position.txt"),
    ),
    "push": (
        ("Keep a database current", "navfeed push postgresql://navfeed@db.example/jobs --follow"),
        (
            "Show what would be pushed",
            "navfeed push postgresql://navfeed@db.example/jobs --dry-run",
        ),
    ),
    "serve": (("A search page on this machine", "navfeed serve"),),
    "mcp": (("For an assistant that starts it", "navfeed mcp"),),
    "stats": (
        ("Nurses by county", "navfeed stats --text sykepleier --by county"),
        ("New ads each month by county", "navfeed stats --by county --over month --of new"),
        (
            "The ten most frequent occupations, as JSON",
            "navfeed stats --by occupation --top 10 --json name,ads",
        ),
    ),
    "quality": (("Only counts, as JSON", "navfeed quality --json check,ads"),),
    "status": (("Fail if the data is older than a day", "navfeed status --max-age 24h"),),
    "verify": (
        ("Report differences", "navfeed verify"),
        ("Repair them", "navfeed verify --repair"),
    ),
    "runs": (
        ("The last failed runs", "navfeed runs --failed --limit 5"),
        ("For a program", "navfeed runs --json started_at,exit_code"),
    ),
    "doctor": (("Without contacting the feed", "navfeed doctor --offline"),),
    "backup": (
        ("Copy the store", "navfeed backup copy.db"),
        ("Replace yesterday's copy", "navfeed backup copy.db --force"),
    ),
    "restore": (
        ("Show what would be replaced", "navfeed restore copy.db --dry-run"),
        ("Replace it", "navfeed restore copy.db"),
    ),
    "vacuum": (("Show how much would be freed", "navfeed vacuum --dry-run"),),
    "check": (("Read all of the store", "navfeed check"),),
    "privacy": (("Where a name is stored", "navfeed privacy find 'Kari Nordmann'"),),
    "privacy find": (
        ("A name", "navfeed privacy find 'Kari Nordmann'"),
        ("From stdin, out of the shell's history", "navfeed privacy find - < name.txt"),
    ),
    "privacy erase": (
        ("Show how much would be erased", "navfeed privacy erase 'Kari Nordmann' --dry-run"),
        ("Erase it", "navfeed privacy erase 'Kari Nordmann'"),
    ),
    "privacy log": (("For a program", "navfeed privacy log --format json"),),
    "init": (
        ("Answer five questions", "navfeed init"),
        ("Answer them in advance", "navfeed init --keep VESTLAND --every 1h --schedule cron --yes"),
    ),
    "config": (("Where each setting comes from", "navfeed config show --origin"),),
    "config show": (("Where each setting comes from", "navfeed config show --origin"),),
    "config path": (("Edit the settings", 'nano "$(navfeed config path)"'),),
    "config check": (("Find mistyped settings", "navfeed config check"),),
    "practice": (
        ("A feed to try navfeed with", "navfeed practice --port 8765"),
        ("In another terminal", "navfeed sync --base-url http://127.0.0.1:8765 --db practice.db"),
    ),
}
