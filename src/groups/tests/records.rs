//! What is written can be read; what was not written is refused.

use bytes::Bytes;

use super::harness::World;
use crate::groups::records::{read_group, read_offset};
use crate::store::Space;

fn written() -> World {
    let mut world = World::new();
    let lines = ["0s join a as=x", "3s", "3s sync a x-1:t0", "3s commit a keep=10 note=n t-0:5"];
    lines.iter().for_each(|line| drop(world.run(line)));
    world
}

#[test]
fn every_truncation_and_every_extra_byte_is_refused() {
    let world = written();
    assert_eq!(world.store.len(), 2);
    for ((space, key), value) in &world.store {
        let read = |key: &[u8], value: &Bytes| match space {
            Space::Groups => read_group(key, value).map(drop),
            _ => read_offset(key, value).map(drop),
        };
        read(key, value).expect("as it was written");
        for length in 0..value.len() {
            read(key, &value.slice(..length)).expect_err("cut short");
        }
        let longer = Bytes::from([value, &b"\0"[..]].concat());
        read(key, &longer).expect_err("one byte more");
        let newer = Bytes::from([&b"\x02"[..], &value[1..]].concat());
        read(key, &newer).expect_err("another version");
        if *space == Space::Offsets {
            (0..key.len()).for_each(|length| {
                read(&key[..length], value).expect_err("a key cut short");
            });
        }
    }
}

#[test]
fn no_byte_that_was_changed_makes_reading_fail_badly() {
    for ((space, key), value) in &written().store {
        for index in 0..value.len() {
            for bit in 0..8 {
                let mut bytes = value.to_vec();
                bytes[index] ^= 1 << bit;
                let bytes = Bytes::from(bytes);
                // Any result will do, as long as there is one.
                let _ = match space {
                    Space::Groups => read_group(key, &bytes).map(drop),
                    _ => read_offset(key, &bytes).map(drop),
                };
            }
        }
    }
}
