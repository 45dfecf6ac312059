"""Schedule the syncs of one user: systemd units, or a line of cron."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from zlib import crc32

from navfeed.errors import ConfigError


class Schedule(StrEnum):
    SYSTEMD = "systemd"
    CRON = "cron"
    NONE = "none"


def usual() -> Schedule:
    """The usual scheduler of this machine."""
    if sys.platform == "linux" and shutil.which("systemctl"):
        return Schedule.SYSTEMD
    return Schedule.CRON if shutil.which("crontab") else Schedule.NONE


MOST_MINUTES = 25
"""The longest that a sync runs; the next one continues."""


def command(config: Path | None, every: timedelta) -> list[str]:
    """The command line of a sync with this navfeed, valid in any folder.

    It ends before the next one begins: a run beside another one only ends with 75.
    """
    own = Path(sys.argv[0])
    program = (
        [str(own.absolute())]
        if own.name in ("navfeed", "navfeed.exe") and own.exists()
        else [sys.executable, "-m", "navfeed"]
    )
    settings = [] if config is None else ["--config", str(config.absolute())]
    return [*program, "sync", "--quiet", "--max-time", _max_time(every), *settings]


def _max_time(every: timedelta) -> str:
    seconds = min(MOST_MINUTES * 60, int(every.total_seconds()) * 5 // 6)
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


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
    """A word of ExecStart=: quoted, its specifiers and variables escaped."""
    plain = word.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    return f'"{plain}"' if plain != word or " " in word else word


def own_minute() -> int:
    """A minute of the hour that differs from machine to machine: NAV serves them all."""
    return crc32(f"{platform.node()} {Path.home()}".encode()) % 60


def cron_line(words: list[str], every: timedelta) -> str:
    """The line of a crontab. Raises `ConfigError` if cron has no such interval."""
    started = shlex.join(words).replace("%", "\\%")
    return f"{_when(every)} {started}"


def _when(every: timedelta) -> str:
    minutes, rest = divmod(int(every.total_seconds()), 60)
    if not rest and minutes and 60 % minutes == 0:
        return f"{','.join(map(str, range(own_minute() % minutes, 60, minutes)))} * * * *"
    hours, rest = divmod(int(every.total_seconds()), 3_600)
    if not rest and hours and 24 % hours == 0:
        return f"{own_minute()} {3 if hours == 24 else f'*/{hours}'} * * *"
    raise ConfigError(
        "cron starts at whole parts of an hour or a day: 5m, 10m, 15m, 30m, 1h, 6h, 24h. Give one "
        "of those, or --schedule systemd"
    )
