"""A test runner of one page: each check is a function; a line for each, a count at the end."""

import sys
import time
import traceback


class Skip(Exception):
    """Raised by a check that cannot run against this broker."""


class Checks:
    def __init__(self, name):
        self.name = name
        self.checks = []

    def add(self, check):
        """Decorator: the function's docstring, or else its name, is the check's sentence."""
        self.checks.append(check)
        return check

    def run(self, *args):
        """Runs every check with `args`, prints what became of it, and returns the exit code."""
        only = sys.argv[1:]
        counts = {"passed": 0, "failed": 0, "skipped": 0}
        for check in self.checks:
            if only and not any(word in check.__name__ for word in only):
                continue
            began = time.monotonic()
            problem = None
            try:
                check(*args)
                outcome = "passed"
            except Skip as why:
                outcome, problem = "skipped", str(why)
            except Exception:
                lines = traceback.format_exc().splitlines()
                outcome, problem = "failed", "\n".join(lines[-12:])
            counts[outcome] += 1
            mark = {"passed": "ok    ", "failed": "FAILED", "skipped": "skip  "}[outcome]
            sentence = (check.__doc__ or check.__name__.replace("_", " ")).strip()
            print(f"{mark} {time.monotonic() - began:5.1f} s  {sentence}", flush=True)
            if problem:
                print("      " + problem.strip().replace("\n", "\n      "), flush=True)
        line = f"{self.name}: {counts['passed']} passed, {counts['failed']} failed"
        print(line + (f", {counts['skipped']} skipped" if counts["skipped"] else ""), flush=True)
        return 1 if counts["failed"] else 0


def eventually(check, seconds=30):
    """Repeats `check` until it is true; a broker may apply a change a moment later."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.1)
