"""A program in the place of gan_repro.run: it "trains" for milliseconds, and keeps a journal of what it did.

    python -m simulated JOURNAL SECONDS RECORD --workdir=DIR

It takes the run's lock, goes on from the seconds that a checkpoint says are done, saves itself when it is asked to end, and
leaves the file RECORD as its record. With SECONDS "fail" it fails, with "hang" it does not end by itself. It starts a
thousand times in a test, so it imports nothing of ours.
"""

import fcntl
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path


def note(journal, word, workdir):
    """Adds a line to the journal: one write, so that processes do not mix theirs."""
    with open(journal, "a") as file:
        file.write(f"{word} {workdir.name} {os.getpid()}\n")


def main(journal, seconds, prepared, workdir):
    """Plays the part of gan_repro.run."""
    workdir = Path(workdir.removeprefix("--workdir="))
    workdir.mkdir(parents=True, exist_ok=True)
    with open(workdir / ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        record, checkpoint = workdir / "record.json", workdir / "checkpoints" / "0000000001.npz"
        if record.exists() and json.loads(record.read_text())["epochs"] >= json.loads(Path(prepared).read_text())["epochs"]:
            return 0
        if seconds == "fail":
            print("error: it was asked to fail", file=sys.stderr)
            return 1
        done = float(checkpoint.read_text()) if checkpoint.exists() else 0.0
        print(f"continuing from step {done * 1000:,.0f} of 1,000" if done else "step 0/1,000", flush=True)
        asked = []
        signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
        note(journal, "begin", workdir)
        until = float("inf") if seconds == "hang" else float(seconds)
        while done < until:
            time.sleep(0.002)
            done += 0.002
            if asked:
                checkpoint.parent.mkdir(exist_ok=True)
                checkpoint.write_text(str(done))
                note(journal, "saved", workdir)
                return 128 + asked[0]
        shutil.copyfile(prepared, workdir / ".record.json")
        os.replace(workdir / ".record.json", record)
        note(journal, "end", workdir)
        return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
