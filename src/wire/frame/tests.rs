//! Frames, cut from streams that arrive in any pieces.

use bytes::{BufMut, BytesMut};
use proptest::prelude::*;

use super::{CHUNK, FrameError, Frames, GROWTH, LARGE};

fn stream(lengths: &[usize]) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    for (index, length) in lengths.iter().enumerate() {
        bytes.put_i32(i32::try_from(*length).expect("test lengths are small"));
        bytes.put_bytes(u8::try_from(index % 256).expect("below 256"), *length);
    }
    bytes.to_vec()
}

/// Feeds `bytes` in pieces of at most `piece`, as a socket would; gives the frames' lengths.
fn feed(frames: &mut Frames, mut bytes: &[u8], piece: usize) -> Result<Vec<usize>, FrameError> {
    let mut seen = Vec::new();
    while !bytes.is_empty() {
        let space = frames.space();
        let room = space.capacity() - space.len();
        assert!(room > 0, "there is always room to read into");
        let take = piece.min(room).min(bytes.len());
        space.put_slice(&bytes[..take]);
        bytes = &bytes[take..];
        while let Some(frame) = frames.take()? {
            let expected = u8::try_from(seen.len() % 256).expect("below 256");
            assert!(frame.iter().all(|byte| *byte == expected), "frame {}", seen.len());
            seen.push(frame.len());
        }
    }
    Ok(seen)
}

#[test]
fn a_frame_may_be_empty() {
    assert_eq!(feed(&mut Frames::new(10), &stream(&[0, 3, 0]), 100), Ok(vec![0, 3, 0]));
}

#[test]
fn a_negative_length_is_refused() {
    let refused = feed(&mut Frames::new(10), &(-1i32).to_be_bytes(), 1);
    assert_eq!(refused, Err(FrameError::Negative(-1)));
}

#[test]
fn a_length_over_the_bound_is_refused_before_its_bytes_arrive() {
    let refused = feed(&mut Frames::new(10), &11i32.to_be_bytes(), 4);
    assert_eq!(refused, Err(FrameError::TooLarge { announced: 11, max: 10 }));
    assert_eq!(feed(&mut Frames::new(10), &stream(&[10]), 4), Ok(vec![10]));
}

#[test]
fn an_announced_length_takes_no_memory_by_itself() {
    let mut frames = Frames::new(100 << 20);
    feed(&mut frames, &(100i32 << 20).to_be_bytes(), 4).expect("within the bound");
    assert!(frames.space().capacity() <= LARGE);
}

#[test]
fn a_large_frame_ends_in_a_buffer_of_its_own_size() {
    let length = 1_000_000;
    let mut frames = Frames::new(length);
    let bytes = stream(&[length]);
    feed(&mut frames, &bytes[..bytes.len() - 1], 50_000).expect("within the bound");
    assert_eq!(frames.space().capacity(), bytes.len());
}

#[test]
fn nothing_is_held_between_frames() {
    let mut frames = Frames::new(1 << 20);
    feed(&mut frames, &stream(&[200_000]), 9_999).expect("within the bound");
    assert!(!frames.has_partial());
    assert_eq!(frames.buffer.capacity(), 0);
    feed(&mut frames, &stream(&[10; 5000]), 9_999).expect("within the bound");
    assert!(frames.buffer.capacity() <= CHUNK);
}

#[test]
fn a_small_frame_does_not_keep_its_neighbours_alive() {
    let mut frames = Frames::new(100);
    frames.space().put_slice(&stream(&[3, 3]));
    let first = frames.take().expect("within the bound").expect("whole");
    let second = frames.take().expect("within the bound").expect("whole");
    assert!(first.is_unique() && second.is_unique());
}

proptest! {
    #[test]
    fn frames_come_out_as_they_went_in(
        lengths in prop::collection::vec(0usize..100_000, 0..12),
        piece in 1usize..70_000,
    ) {
        let mut frames = Frames::new(100_000);
        prop_assert_eq!(feed(&mut frames, &stream(&lengths), piece), Ok(lengths));
        prop_assert!(!frames.has_partial());
    }

    #[test]
    fn memory_follows_what_has_arrived(arrived in 4usize..300_000) {
        let mut frames = Frames::new(1 << 30);
        let bytes = stream(&[400_000]);
        feed(&mut frames, &bytes[..arrived], 4096).expect("within the bound");
        let bound = CHUNK.max(LARGE).max(arrived * GROWTH);
        prop_assert!(frames.space().capacity() <= bound + LARGE / GROWTH);
    }
}
