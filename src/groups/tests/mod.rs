//! Tables: what is done to a group, line by line, and what comes of it.
//!
//! A line is `TIME VERB NAME WORDS..`; deadlines that pass on the way ring first. A client called
//! `a` gets member ids `a-1`, `a-2`, ..., by the count of joins; it remembers its id and
//! generation, as a real one does. Results: who is answered what; `saved`, `erased` and `offsets`
//! tell what is written.

mod bounds;
mod classic;
mod fixed;
mod harness;
mod offsets;
mod records;

use harness::check;
