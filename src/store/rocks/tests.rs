//! What only an engine on a disk can do: be killed, locked, cut off, and fill the disk.
