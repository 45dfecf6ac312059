"""Gives a process that a test starts the test's "now" (`support.clock.child_environment`).

Python imports this module by itself at start-up, because its folder stands in PYTHONPATH.
"""

import os
from datetime import datetime

import time_machine

time_machine.travel(datetime.fromisoformat(os.environ["TESTS_NOW"]), tick=True).start()
