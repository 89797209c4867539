"""Damage to files of a run, and what the trials of it share. No fault is tried here."""

FILES = "damaged files"  # the report's group of these trials
SEAL = b"\nsha256 of the bytes before"  # where a file's own checksum begins


def damage(path, how):
    """Truncates, empties or flips; a flip in JSON changes a number and leaves it JSON."""
    content = bytearray(path.read_bytes())
    if how == "flipped":
        middle = len(content) // 2
        if path.suffix == ".json":
            middle = next(i for i in range(middle, len(content)) if content[i] in b"2468")
        content[middle] ^= 0x01
    else:
        del content[0 if how == "emptied" else len(content) // 2 :]
    path.write_bytes(content)
