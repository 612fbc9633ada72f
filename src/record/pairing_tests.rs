//! Which results a frame of a recording gets.

use super::*;
use crate::fixtures::prediction;

/// A camera's frames 33 ms apart.
struct Camera(Instant);

impl Camera {
    fn frame(&self, n: u64) -> Arc<Frame> {
        let captured = self.0 + Duration::from_millis(n * 33);
        Arc::new(Frame { sequence: n, captured, ..Frame::filled(4, 4, [0; 4]) })
    }
}

/// The frames that come out, each with the frame that its results are of.
fn pass(
    items: impl IntoIterator<Item = TapItem>,
    pairing: &mut Pairing,
) -> Vec<(u64, Option<(u64, Origin)>)> {
    let mut out = Vec::new();
    for item in items {
        pairing.take(item, |drawn| {
            let of = drawn.results.map(|(results, origin)| (results.results.detections.len() as u64, origin));
            out.push((drawn.frame.sequence, of));
        });
    }
    out
}

/// As many detections as the number of its frame, by which results are told apart.
fn found(frame: &Arc<Frame>) -> Arc<Prediction> {
    prediction(frame, &vec![(0, [0.0, 0.0, 1.0, 1.0]); frame.sequence as usize])
}

#[test]
fn a_model_that_keeps_up_has_its_results_on_their_own_frames() {
    let camera = Camera(Instant::now());
    let frames: Vec<_> = (0..4).map(|n| camera.frame(n)).collect();
    // Each result comes after the next frame.
    let mut items = vec![TapItem::Frame(Arc::clone(&frames[0]))];
    for n in 1..4 {
        items.push(TapItem::Frame(Arc::clone(&frames[n])));
        items.push(TapItem::Result(found(&frames[n - 1])));
    }
    let out = pass(items, &mut Pairing::default());
    assert_eq!(out, [0, 1, 2].map(|n| (n, Some((n, Origin::Own)))));
}

#[test]
fn a_slow_model_has_its_results_moved_or_else_left_where_they_were() {
    let camera = Camera(Instant::now());
    let frames: Vec<_> = (0..12).map(|n| camera.frame(n)).collect();
    let mut pairing = Pairing::default();
    let frame = |n: usize| TapItem::Frame(Arc::clone(&frames[n]));
    let moved = |n: usize, of: usize| {
        let mut moved = Prediction::clone(&found(&frames[of]));
        moved.frame = Arc::clone(&frames[n]);
        TapItem::Moved(Arc::new(moved))
    };
    // The result of frame 1 comes when that is long gone; 6 gets it moved, twice, 7 doesn't.
    let items: Vec<TapItem> = (0..6)
        .map(frame)
        .chain([TapItem::Result(found(&frames[1])), frame(6), moved(6, 1), moved(6, 1)])
        .chain((7..12).map(frame))
        .collect();
    let out = pass(items, &mut pairing);
    let earlier = Some((1, Origin::Earlier));
    let expected =
        [None, None, earlier, earlier, earlier, earlier, Some((1, Origin::Moved)), earlier].into_iter();
    assert_eq!(out, (0..8).zip(expected).collect::<Vec<_>>());
    // What waits comes out at the end; what belongs to a closed source isn't drawn any more.
    let out = pass([TapItem::Forget], &mut pairing);
    assert!(out.is_empty());
    let mut rest = Vec::new();
    pairing.flush(|drawn| rest.push((drawn.frame.sequence, drawn.results.is_some())));
    assert_eq!(rest, [(8, false), (9, false), (10, false), (11, false)]);
}

#[test]
fn with_privacy_no_frame_without_its_own_results_comes_out() {
    let camera = Camera(Instant::now());
    let mut pairing = Pairing::default();
    // A frame waits when privacy is turned on.
    assert!(pass([TapItem::Frame(camera.frame(0))], &mut pairing).is_empty());
    pairing.set_own_only(true);
    let items = (1..9).map(|n| TapItem::Frame(camera.frame(n)));
    assert!(pass(items, &mut pairing).is_empty());
    let out = pass([TapItem::Result(found(&camera.frame(3)))], &mut pairing);
    assert_eq!(out, [(3, Some((3, Origin::Own)))]);
    pairing.flush(|drawn| panic!("frame {} is shown", drawn.frame.sequence));
}

#[test]
fn a_video_that_begins_again_doesnt_keep_the_boxes_of_its_end() {
    let camera = Camera(Instant::now());
    let at = |n: u64, time_s| Arc::new(Frame { time_s: Some(time_s), ..Frame::clone(&camera.frame(n)) });
    let mut pairing = Pairing::default();
    let end = at(1, 9.9);
    let items = [TapItem::Frame(Arc::clone(&end)), TapItem::Result(found(&end))]
        .into_iter()
        .chain((2..8).map(|n| TapItem::Frame(at(n, n as f64 / 30.0))));
    let out = pass(items, &mut pairing);
    assert_eq!(out[..2], [(1, Some((1, Origin::Own))), (2, None)]);
}
