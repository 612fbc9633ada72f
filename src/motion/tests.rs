//! Following, against scenes whose truth is exact: a textured picture is moved by a known transform.

use super::flow::{Found, track};
use super::pyramid::Pyramid;
use super::{CameraMotion, Follower, Similarity};
use crate::frame::{Frame, PixelFormat};
use crate::model::boxes::iou;
use crate::model::results::{Detection, Keypoint, Mask, Results};
use crate::model::spec::Task;

const W: usize = 320;
const H: usize = 240;

/// A picture without end that looks different everywhere: sums of waves in many directions, 0..=255.
fn texture(x: f32, y: f32, seed: f32) -> f32 {
    let wave = |fx: f32, fy: f32, phase: f32| (x * fx + y * fy + phase + seed).sin();
    let sum = wave(0.31, 0.07, 0.0)
        + wave(-0.11, 0.27, 1.0)
        + wave(0.17, -0.23, 2.0)
        + wave(0.53, 0.41, 3.0)
        + wave(-0.47, 0.59, 4.0)
        + wave(0.05, 0.06, 5.0) * 2.0;
    (128.0 + sum * 18.0).clamp(0.0, 255.0)
}

/// A round thing with a texture of its own before a background.
#[derive(Clone, Copy)]
struct Thing {
    centre: [f32; 2],
    radius: f32,
}

impl Thing {
    fn bbox(self) -> [f32; 4] {
        let ([x, y], r) = (self.centre, self.radius);
        [x - r, y - r, x + r, y + r]
    }
}

/// A frame of the background, moved by `camera`, with things on it that were this large when they were made.
fn frame(sequence: u64, camera: Similarity, things: &[(Thing, f32)]) -> Frame {
    let mut frame = Frame::filled(W as u32, H as u32, [0, 0, 0, 255]);
    frame.sequence = sequence;
    let square = camera.a * camera.a + camera.b * camera.b;
    for (i, pixel) in frame.data.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let (x, y) = ((i % W) as f32, (i / W) as f32);
        let (dx, dy) = (x - camera.tx, y - camera.ty);
        let mut value =
            texture((camera.a * dx + camera.b * dy) / square, (camera.a * dy - camera.b * dx) / square, 0.0);
        for (n, (thing, size)) in things.iter().enumerate() {
            let (dx, dy) = (x - thing.centre[0], y - thing.centre[1]);
            if dx.hypot(dy) < thing.radius {
                let scale = size / thing.radius;
                value = 255.0 - texture(dx * scale, dy * scale, 40.0 + n as f32 * 9.0) * 0.9;
            }
        }
        pixel[..3].fill(value as u8);
    }
    frame
}

fn detections(things: &[(Thing, f32)]) -> Results {
    let mut results = Results::default();
    results.clear(Task::Detect, (W as u32, H as u32));
    for (thing, _) in things {
        results.detections.push(Detection::new(0, 0.9, thing.bbox()));
    }
    results
}

fn drawn(follower: &Follower) -> Results {
    let mut results = Results::default();
    follower.write(&mut results);
    results
}

fn catch_up(follower: &mut Follower) {
    while follower.is_catching_up() {
        follower.advance();
    }
}

#[test]
fn points_are_found_again_to_a_tenth_of_a_pixel() {
    for (dx, dy) in [(0.0, 0.0), (0.4, -0.3), (3.3, 2.6), (-6.5, 4.2)] {
        let camera = Similarity { tx: dx, ty: dy, ..Similarity::IDENTITY };
        let (mut a, mut b) = (Pyramid::default(), Pyramid::default());
        assert!(a.fill(&frame(0, Similarity::IDENTITY, &[])) && b.fill(&frame(1, camera, &[])));
        let points: Vec<_> = (0..12).map(|i| [60.0 + 17.0 * i as f32, 60.0 + 9.0 * i as f32]).collect();
        let mut found: Vec<Option<Found>> = Vec::new();
        track(&a, &b, &points, |_| [0.0; 2], &mut found);
        let off: Vec<_> = points
            .iter()
            .zip(&found)
            .filter_map(|(p, f)| {
                f.filter(|f| f.error < 0.5).map(|f| (f.to[0] - p[0] - dx).hypot(f.to[1] - p[1] - dy))
            })
            .collect();
        assert!(off.len() >= 10, "{} of 12 points found for a shift of {dx}, {dy}", off.len());
        assert!(off.iter().all(|off| *off < 0.1), "a shift of {dx}, {dy}: off by {off:?}");
    }
}

#[test]
fn a_plain_wall_has_no_points() {
    let wall = Frame::filled(W as u32, H as u32, [90, 90, 90, 255]);
    let (mut a, mut b) = (Pyramid::default(), Pyramid::default());
    assert!(a.fill(&wall) && b.fill(&wall));
    let mut found = Vec::new();
    track(&a, &b, &[[100.0, 100.0]], |_| [0.0; 2], &mut found);
    assert_eq!(found, [None]);
}

#[test]
fn a_box_stays_on_a_thing_that_moves_and_grows_before_a_moving_background() {
    let mut follower = Follower::default();
    let thing = |k: u64| {
        let t = k as f32;
        (Thing { centre: [90.0 + 4.0 * t, 150.0 - 1.5 * t], radius: 24.0 * 1.01_f32.powf(t) }, 24.0)
    };
    for k in 0..24 {
        let camera = Similarity { tx: -0.7 * k as f32, ..Similarity::IDENTITY };
        assert!(follower.frame(&frame(k, camera, &[thing(k)]), k as f64 / 30.0));
        if k == 12 {
            // A model of 400 ms tells now what frame 0 showed.
            assert!(follower.result(&detections(&[thing(0)]), 0, 0.0));
            catch_up(&mut follower);
        }
        let shown = drawn(&follower);
        if k < 12 {
            assert!(shown.detections.is_empty());
        } else {
            let overlap = iou(&shown.detections[0].bbox, &thing(k).0.bbox());
            assert!(overlap > 0.85, "frame {k}: {overlap}");
        }
    }
}

/// Panning, zooming and turning over a picture, next to a model of 400 ms: boxes against exact truth. Without
/// following, the same clips give 0.62; what a prototype reached was 0.93.
#[test]
fn a_moving_camera_takes_the_boxes_along() {
    let things = [
        Thing { centre: [80.0, 90.0], radius: 22.0 },
        Thing { centre: [180.0, 140.0], radius: 34.0 },
        Thing { centre: [245.0, 70.0], radius: 16.0 },
    ];
    let (mut sum, mut without, mut count) = (0.0, 0.0, 0);
    for clip in 0..4 {
        let camera = |k: u64| {
            let t = k as f32 / 30.0;
            let pan = if clip == 0 || clip == 3 {
                [40.0 * (t * 2.0).sin(), 20.0 * (t * 1.3).sin()]
            } else {
                [0.0; 2]
            };
            let zoom: f32 = if clip == 1 || clip == 3 { 1.0 + 0.2 * (t * 1.5).sin() } else { 1.0 };
            let turn: f32 = if clip == 2 || clip == 3 { 0.17 * (t * 1.2).sin() } else { 0.0 };
            let (a, b) = (zoom * turn.cos(), zoom * turn.sin());
            // About the middle of the picture.
            let (x, y) = (W as f32 / 2.0, H as f32 / 2.0);
            Similarity { a, b, tx: x - a * x + b * y + pan[0], ty: y - b * x - a * y + pan[1] }
        };
        let at = |k: u64| {
            let camera = camera(k);
            let moved =
                |t: &Thing| Thing { centre: camera.apply(t.centre), radius: t.radius * camera.scale() };
            things.iter().map(|t| (moved(t), t.radius)).collect::<Vec<_>>()
        };
        let mut follower = Follower::default();
        let mut started = 0;
        for k in 0..75 {
            follower.frame(&frame(k, camera(k), &at(k)), k as f64 / 30.0);
            if k == started + 12 {
                assert!(follower.result(&detections(&at(started)), started, started as f64 / 30.0));
                catch_up(&mut follower);
                started = k;
            }
            if k < 12 {
                continue;
            }
            let shown = drawn(&follower);
            let shown_at = if started == k { k - 12 } else { started - 12 };
            for (n, (thing, _)) in at(k).iter().enumerate() {
                let best = |boxes: &[Detection]| {
                    boxes.iter().map(|d| iou(&d.bbox, &thing.bbox())).fold(0.0, f32::max)
                };
                sum += best(&shown.detections);
                without += iou(&at(shown_at)[n].0.bbox(), &thing.bbox());
                count += 1;
            }
        }
    }
    let (mean, without) = (sum / count as f32, without / count as f32);
    assert!(without < 0.75, "the clips hardly move: {without}");
    assert!(mean >= 0.92, "{mean}, without following {without}");
}

#[test]
fn keypoints_and_masks_move_with_their_box() {
    let mut follower = Follower::default();
    let thing = |k: u64| (Thing { centre: [100.0 + 3.0 * k as f32, 120.0], radius: 30.0 }, 30.0);
    let mut results = detections(&[thing(0)]);
    results.task = Task::Pose;
    results.keypoints.push(Keypoint { x: 110.0, y: 105.0, score: 0.8 });
    results.detections[0].keypoints = (0, 1);
    results.masks.push(Mask {
        region: [70.0, 90.0, 130.0, 150.0],
        width: 2,
        height: 2,
        data: vec![255, 0, 0, 255],
    });
    results.detections[0].mask = Some(0);
    for k in 0..10 {
        follower.frame(&frame(k, Similarity::IDENTITY, &[thing(k)]), k as f64 / 30.0);
        if k == 0 {
            assert!(follower.result(&results, 0, 0.0));
            catch_up(&mut follower);
        }
    }
    let shown = drawn(&follower);
    let point = shown.keypoints_of(&shown.detections[0])[0];
    assert!((point.x - 137.0).abs() < 1.5 && (point.y - 105.0).abs() < 1.5, "{point:?}");
    assert_eq!(point.score, 0.8);
    let mask = shown.mask_of(&shown.detections[0]).expect("its mask");
    assert!((mask.region[0] - 97.0).abs() < 2.0 && (mask.region[3] - 150.0).abs() < 2.0, "{:?}", mask.region);
    assert_eq!(mask.data, [255, 0, 0, 255]);
}

#[test]
fn what_results_do_not_have_any_more_fades_and_goes() {
    let mut follower = Follower::default();
    let thing = (Thing { centre: [100.0, 120.0], radius: 30.0 }, 30.0);
    let mut opacities = Vec::new();
    for k in 0..40 {
        let time = k as f64 / 30.0;
        follower.frame(&frame(k, Similarity::IDENTITY, &[thing]), time);
        let found = if k == 0 { detections(&[thing]) } else { detections(&[]) };
        if k < 2 {
            assert!(follower.result(&found, k, time));
            catch_up(&mut follower);
        }
        opacities.push(drawn(&follower).detections.first().map(|d| d.opacity));
    }
    assert_eq!(opacities[0], Some(1.0));
    assert!(opacities[15].is_some_and(|o| (0.3..0.8).contains(&o)), "{opacities:?}");
    assert_eq!(opacities[39], None, "after more than a second it is gone");
}

#[test]
fn with_other_thresholds_what_is_not_found_goes_at_once() {
    let mut follower = Follower::default();
    let thing = (Thing { centre: [100.0, 120.0], radius: 30.0 }, 30.0);
    follower.frame(&frame(0, Similarity::IDENTITY, &[thing]), 0.0);
    for found in [detections(&[thing]), detections(&[])] {
        follower.drop_missed();
        assert!(follower.result(&found, 0, 0.0));
        catch_up(&mut follower);
        assert_eq!(drawn(&follower).detections.len(), found.detections.len());
    }
}

#[test]
fn a_thing_that_is_covered_moves_on_for_a_moment_and_goes() {
    let mut follower = Follower::default();
    let thing = |k: u64| (Thing { centre: [80.0 + 4.0 * k as f32, 120.0], radius: 20.0 }, 20.0);
    let mut last = None;
    for k in 0..40 {
        let grey = Frame { sequence: k, ..Frame::filled(W as u32, H as u32, [120, 120, 120, 255]) };
        let shown = if k < 10 { frame(k, Similarity::IDENTITY, &[thing(k)]) } else { grey };
        follower.frame(&shown, k as f64 / 30.0);
        if k == 0 {
            assert!(follower.result(&detections(&[thing(0)]), 0, 0.0));
            catch_up(&mut follower);
        }
        if k == 13 {
            let detection = drawn(&follower).detections[0].clone();
            assert!(detection.opacity < 0.9, "{detection:?}");
            assert!(iou(&detection.bbox, &thing(13).0.bbox()) > 0.6, "{detection:?}");
        }
        last = drawn(&follower).detections.first().cloned();
    }
    assert_eq!(last, None);
}

#[test]
fn nothing_of_another_source_or_size_is_left() {
    let mut follower = Follower::default();
    let thing = (Thing { centre: [100.0, 120.0], radius: 30.0 }, 30.0);
    let picture = frame(0, Similarity::IDENTITY, &[thing]);
    follower.frame(&picture, 0.0);
    assert!(follower.result(&detections(&[thing]), 0, 0.0));
    catch_up(&mut follower);
    assert_eq!(drawn(&follower).detections.len(), 1);
    let mut wrong = detections(&[thing]);
    wrong.frame_size = (1, 1);
    assert!(!follower.result(&wrong, 0, 0.0), "a result of another size is not of this frame");
    assert!(!follower.result(&detections(&[thing]), 7, 5.0), "nobody remembers that frame");
    // A jump back in the video.
    follower.frame(&Frame { sequence: 1, ..picture.clone() }, 3.0);
    follower.frame(&Frame { sequence: 2, ..picture.clone() }, 1.0);
    assert!(drawn(&follower).detections.is_empty());
    assert!(!follower.frame(&Frame::filled(8, 8, [0; 4]), 1.1), "too small to see anything move");
    assert!(!follower.frame(&Frame { data: Vec::new(), ..picture }, 1.2));
}

#[test]
fn hostile_boxes_do_no_harm() {
    let mut follower = Follower::default();
    let mut results = detections(&[]);
    for bbox in [
        [f32::NAN, 0.0, 1.0, 1.0],
        [f32::INFINITY; 4],
        [-1e30, -1e30, 1e30, 1e30],
        [50.0, 50.0, 50.0, 50.0],
        [200.0, 100.0, 100.0, 50.0],
        [-500.0, -500.0, -400.0, -400.0],
    ] {
        results.detections.push(Detection::new(u32::MAX, f32::NAN, bbox));
    }
    for k in 0..6 {
        follower.frame(&frame(k, Similarity::IDENTITY, &[]), k as f64 / 30.0);
        if k % 2 == 0 {
            assert!(follower.result(&results, k, k as f64 / 30.0));
            catch_up(&mut follower);
        }
        for d in &drawn(&follower).detections {
            assert!(d.bbox.iter().all(|v| v.is_finite()), "{d:?}");
        }
    }
}

/// A large thing fills the upper half of the picture and moves by itself: what is left of the background counts.
#[test]
fn the_motion_of_the_camera_is_that_of_what_no_object_covers() {
    let mut camera = CameraMotion::default();
    let pan = |k: u64| Similarity { tx: -1.5 * k as f32, ..Similarity::IDENTITY };
    let thing = |k: u64| (Thing { centre: [110.0 + 4.0 * k as f32, 70.0], radius: 66.0 }, 66.0);
    for k in 0..6 {
        let boxes = [thing(k).0.bbox()];
        let moved = camera.next(&frame(k, pan(k), &[thing(k)]), k as f64 / 10.0, boxes.into_iter());
        if k == 0 {
            assert_eq!(moved, None);
        } else {
            let moved = moved.expect("the background moves");
            let off = moved.apply([150.0, 150.0]);
            assert!((off[0] - 148.5).abs() < 0.15 && (off[1] - 150.0).abs() < 0.15, "{moved:?}");
        }
    }
    // The same frame again, then one after a jump, then a camera that stands still.
    assert_eq!(camera.next(&frame(5, pan(5), &[]), 0.5, std::iter::empty()), None);
    assert_eq!(camera.next(&frame(6, pan(9), &[]), 9.0, std::iter::empty()), None);
    assert_eq!(camera.next(&frame(7, pan(9), &[]), 9.1, std::iter::empty()), None);
}

#[test]
fn a_frame_that_stays_raw_tells_the_same_of_the_camera() {
    let pan = |k: u64| Similarity { tx: -1.5 * k as f32, ..Similarity::IDENTITY };
    for format in [PixelFormat::Gray8, PixelFormat::Nv12, PixelFormat::Yuyv] {
        let raw = |k: u64| {
            let rgba = frame(k, pan(k), &[]);
            let mut raw = Frame::default();
            raw.reset(rgba.width, rgba.height, format);
            let every = if format == PixelFormat::Yuyv { 2 } else { 1 };
            for (at, pixel) in rgba.data.as_chunks::<4>().0.iter().enumerate() {
                raw.data[at * every] = pixel[0];
            }
            raw
        };
        let mut camera = CameraMotion::default();
        camera.next(&raw(0), 0.0, std::iter::empty());
        let moved = camera.next(&raw(1), 0.1, std::iter::empty()).expect("the picture moves");
        assert!((moved.tx + 1.5).abs() < 0.15 && moved.ty.abs() < 0.15, "{format:?}: {moved:?}");
    }
}

/// Two objects of a class pass so closely that each lies on the other's place: their tracks tell them apart.
#[test]
fn an_object_takes_over_from_the_one_with_its_track() {
    let mut follower = Follower::default();
    let boxes = [[60.0, 60.0, 110.0, 110.0], [90.0, 60.0, 140.0, 110.0]];
    let result = |order: [u32; 2]| {
        let mut results = detections(&[]);
        for (bbox, track) in boxes.iter().zip(order) {
            let mut detection = Detection::new(0, 0.9, *bbox);
            detection.track_id = Some(track);
            results.detections.push(detection);
        }
        results
    };
    // They have changed places from one result to the next.
    for (k, order) in [(0, [1, 2]), (1, [2, 1])] {
        follower.frame(&frame(k, Similarity::IDENTITY, &[]), k as f64 / 30.0);
        assert!(follower.result(&result(order), k, k as f64 / 30.0));
        catch_up(&mut follower);
    }
    // While the new result blends in, each still lies near its own old place.
    let shown = drawn(&follower);
    assert_eq!(shown.detections.len(), 2);
    for (track, x) in [(1, 60.0), (2, 90.0)] {
        let own = shown.detections.iter().find(|d| d.track_id == Some(track)).expect("both are shown");
        assert!((own.bbox[0] - x).abs() < 1.0, "#{track}: {:?}", own.bbox);
    }
}
