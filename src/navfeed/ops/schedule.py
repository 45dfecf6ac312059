"""What starts a sync again and again for one user: units of systemd, or a line of cron."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from navfeed.errors import ConfigError


class Schedule(StrEnum):
    SYSTEMD = "systemd"
    CRON = "cron"
    NONE = "none"


def usual() -> Schedule:
    """What this machine has."""
    if sys.platform == "linux" and shutil.which("systemctl"):
        return Schedule.SYSTEMD
    return Schedule.CRON if shutil.which("crontab") else Schedule.NONE


def command(config: Path | None) -> list[str]:
    """The words of one sync, by the navfeed that runs now, wherever it is started from."""
    own = Path(sys.argv[0])
    program = (
        [str(own.absolute())]
        if own.name in ("navfeed", "navfeed.exe") and own.exists()
        else [sys.executable, "-m", "navfeed"]
    )
    settings = [] if config is None else ["--config", str(config.absolute())]
    return [*program, "sync", "--quiet", "--max-time", "25m", *settings]


def unit_folder() -> Path:
    """Where systemd looks for a user's own units."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser()
    return Path(home) / "systemd" / "user"


def units(words: list[str], every: timedelta) -> dict[Path, str]:
    """The service and its timer, by path."""
    started = " ".join(map(_for_systemd, words))
    return {
        unit_folder() / "navfeed-sync.service": SERVICE.format(command=started),
        unit_folder() / "navfeed-sync.timer": TIMER.format(seconds=int(every.total_seconds())),
    }


SERVICE = """\
# Written by `navfeed init`. One sync, started by navfeed-sync.timer.
[Unit]
Description=One sync of a local copy of NAV's job vacancy feed

[Service]
Type=oneshot
ExecStart={command}
TimeoutStartSec=30min
# More to do, some details wait, another sync is at work: the next run sees to it.
SuccessExitStatus=3 4 75
"""

TIMER = """\
# Written by `navfeed init`. Starts navfeed-sync.service again and again.
[Unit]
Description=Syncs of a local copy of NAV's job vacancy feed

[Timer]
OnStartupSec=1min
OnUnitActiveSec={seconds}s
# Not everybody's at the same second.
RandomizedDelaySec=30s

[Install]
WantedBy=timers.target
"""

START = (
    "systemctl --user daemon-reload",
    "systemctl --user enable --now navfeed-sync.timer",
    "loginctl enable-linger    # to go on while you are logged out",
)
"""What takes up the units."""


def _for_systemd(word: str) -> str:
    """A word of ExecStart=: quoted, its specifiers and variables taken to the letter."""
    plain = word.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    return f'"{plain}"' if plain != word or " " in word else word


def cron_line(words: list[str], every: timedelta) -> str:
    """The line of a crontab. Raises `ConfigError` where cron cannot start that often or seldom."""
    started = shlex.join(words).replace("%", "\\%")
    return f"{_when(every)} {started}"


def _when(every: timedelta) -> str:
    minutes, rest = divmod(int(every.total_seconds()), 60)
    if not rest and minutes and 60 % minutes == 0:
        return "13 * * * *" if minutes == 60 else f"*/{minutes} * * * *"
    hours, rest = divmod(int(every.total_seconds()), 3_600)
    if not rest and hours and 24 % hours == 0:
        return "13 3 * * *" if hours == 24 else f"13 */{hours} * * *"
    raise ConfigError(
        "cron starts at whole parts of an hour or a day: 5m, 10m, 15m, 30m, 1h, 6h, 24h. Give one "
        "of those, or --schedule systemd"
    )
