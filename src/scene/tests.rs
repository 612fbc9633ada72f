//! What a user would notice in scenes and their two painters.

use proptest::prelude::*;

use super::*;
use crate::frame::{Frame, PixelFormat};
use crate::model::labels::Labels;
use crate::model::results::{ClassScore, Keypoint, Mask, Oriented, Plane, PlaneValues, Results};
use crate::model::{Detection, Task};

fn results(task: Task, size: (u32, u32)) -> Results {
    let mut results = Results::default();
    results.clear(task, size);
    results
}

fn scene_of(results: &Results, style: &Style) -> Scene {
    let mut scene = Scene::new();
    scene.compose(results, &Labels::coco80(), style);
    scene
}

/// The scene on a frame of one grey, as pixels.
fn painted(results: &Results, style: &Style) -> Vec<[u8; 4]> {
    let (w, h) = results.frame_size;
    let frame = Frame::filled(w, h, [128, 128, 128, 255]);
    let mut rgba = Vec::new();
    image_painter::render(&frame, &scene_of(results, style), &mut rgba);
    rgba.as_chunks::<4>().0.to_vec()
}

fn texts(scene: &Scene) -> Vec<&str> {
    let text = |shape: &Shape| match *shape {
        Shape::Text { text, .. } => Some(scene.text(text)),
        _ => None,
    };
    scene.shapes().iter().filter_map(text).collect()
}

const GREY: [u8; 4] = [128, 128, 128, 255];

fn rgb(class_id: u32) -> [u8; 4] {
    palette::with_alpha(palette::class(class_id), 1.0)
}

#[test]
fn a_box_has_its_colour_on_its_edge_a_halo_next_to_it_and_nothing_inside() {
    let mut found = results(Task::Detect, (200, 200));
    found.detections.push(Detection::new(0, 0.9, [40.0, 60.0, 160.0, 180.0]));
    let style = Style { labels: false, line_scale: 4.0, ..Style::default() };
    let pixels = painted(&found, &style);
    let at = |x: usize, y: usize| pixels[y * 200 + x];
    for (x, y) in [(40, 100), (160, 100), (100, 60), (100, 180), (40, 60), (160, 180)] {
        assert_eq!(at(x, y), rgb(0), "the edge at {x},{y}");
    }
    assert!(
        at(40 - 4, 100)[0] < 90 && at(40 + 3, 100)[0] < 90,
        "a dark halo on both sides of a light colour"
    );
    assert_eq!(at(100, 120), GREY);
    assert_eq!(at(30, 120), GREY);
}

#[test]
fn a_label_is_a_filled_box_above_its_detection_with_readable_text() {
    let mut found = results(Task::Detect, (400, 300));
    found.detections.push(Detection::new(0, 0.914, [100.0, 100.0, 300.0, 250.0]));
    let scene = scene_of(&found, &Style::default());
    assert_eq!(texts(&scene), ["person 0.91"]);
    let [x1, y1, x2, y2] = scene.label_boxes[0].rect;
    assert!(y2 <= 100.0 && y2 > 95.0 && (x1 - 100.0).abs() < 4.0, "it stands on the box");
    let pixels = painted(&found, &Style::default());
    let label_box = |pixel: &[u8; 4]| *pixel == rgb(0);
    let ink = |pixel: &[u8; 4]| pixel[0] < 40;
    let inside: Vec<[u8; 4]> = (y1 as usize + 1..y2 as usize)
        .flat_map(|y| pixels[y * 400 + x1 as usize + 1..y * 400 + x2 as usize].to_vec())
        .collect();
    assert!(
        inside.iter().filter(|p| label_box(p)).count() > inside.len() / 3,
        "filled with the class's colour"
    );
    assert!(inside.iter().filter(|p| ink(p)).count() > inside.len() / 20, "text in black");
}

#[test]
fn a_speed_is_told_beside_its_object() {
    use crate::track::{Report, TrackReport};
    let mut results = results(Task::Detect, (640, 480));
    for id in [1, 2] {
        let mut detection =
            Detection::new(2, 0.9, [100.0 * id as f32, 100.0, 100.0 * id as f32 + 50.0, 200.0]);
        detection.track_id = Some(id);
        results.detections.push(detection);
    }
    let track = TrackReport {
        id: 2,
        class_id: 2,
        bbox: [0.0; 4],
        since_s: 0.0,
        trail: 0..0,
        speed: Some(8.36),
        predicted: false,
    };
    let report = Report { tracks: vec![track], ..Report::default() };
    let mut scene = Scene::new();
    scene.compose_with(&results, Some(&report), &Labels::coco80(), &Style::default());
    assert!(texts(&scene).contains(&"car #2 0.90 8.4 m/s"), "{:?}", texts(&scene));
    assert!(texts(&scene).contains(&"car #1 0.90"), "{:?}", texts(&scene));
}

#[test]
fn chinese_names_are_painted() {
    let mut found = results(Task::Detect, (400, 300));
    found.detections.push(Detection::new(5, 0.5, [100.0, 100.0, 300.0, 250.0]));
    let chinese = Style { language: Language::Chinese, scores: false, ..Style::default() };
    let scene = scene_of(&found, &chinese);
    assert_eq!(texts(&scene), ["公共汽车"]);
    let [x1, y1, x2, y2] = scene.label_boxes[0].rect;
    let pixels = painted(&found, &chinese);
    let ink = palette::ink_on(palette::class(5));
    let inked = |columns: std::ops::Range<usize>| {
        let pixels = &pixels;
        (y1 as usize + 2..y2 as usize - 2)
            .flat_map(|y| columns.clone().map(move |x| pixels[y * 400 + x]))
            .filter(|p| p[0].abs_diff(ink[0]) < 60 && p[1].abs_diff(ink[1]) < 60)
            .count()
    };
    let quarter = (x2 - x1) as usize / 4;
    for character in 0..4 {
        let from = x1 as usize + character * quarter;
        assert!(inked(from..from + quarter) > 5, "character {character} is not blank");
    }
}

#[test]
fn the_best_detection_lies_on_top() {
    let mut found = results(Task::Detect, (200, 200));
    found.detections.push(Detection::new(0, 0.9, [50.0, 50.0, 150.0, 150.0]));
    found.detections.push(Detection::new(1, 0.5, [50.0, 50.0, 150.0, 150.0]));
    let style = Style { labels: false, line_scale: 4.0, ..Style::default() };
    assert_eq!(painted(&found, &style)[100 * 200 + 50], rgb(0));
    let hidden = Style { hidden: vec![0], ..style };
    assert_eq!(painted(&found, &hidden)[100 * 200 + 50], rgb(1), "a hidden class isn't drawn");
}

#[test]
fn a_mirrored_scene_has_its_boxes_on_the_other_side_and_its_text_unreversed() {
    let mut found = results(Task::Detect, (200, 100));
    found.detections.push(Detection::new(0, 0.9, [20.0, 50.0, 60.0, 90.0]));
    let style = Style { mirror: true, scores: false, ..Style::default() };
    let scene = scene_of(&found, &style);
    assert!(scene.is_mirrored());
    let frames: Vec<Rect> = scene
        .shapes()
        .iter()
        .filter_map(|shape| match *shape {
            Shape::Frame { rect, .. } => Some(rect),
            _ => None,
        })
        .collect();
    assert_eq!(frames, [[140.0, 50.0, 180.0, 90.0]]);
    assert_eq!(texts(&scene), ["person"]);
    // The frame below is reversed as well.
    let mut frame = Frame::filled(2, 1, GREY);
    frame.data[..4].copy_from_slice(&[1, 2, 3, 255]);
    let mut rgba = Vec::new();
    let mut empty = Scene::new();
    empty.clear((2, 1), true);
    image_painter::render(&frame, &empty, &mut rgba);
    assert_eq!(rgba, [128, 128, 128, 255, 1, 2, 3, 255]);
}

#[test]
fn masks_cover_their_region_in_both_directions() {
    let mut found = results(Task::Segment, (100, 100));
    let mut detection = Detection::new(2, 0.9, [0.0, 0.0, 50.0, 100.0]);
    detection.mask = Some(0);
    found.detections.push(detection);
    let region = [0.0, 0.0, 50.0, 100.0];
    found.masks.push(Mask { region, width: 2, height: 2, data: vec![255; 4] });
    let style = Style { boxes: false, labels: false, ..Style::default() };
    for (mirror, inside, outside) in [(false, 25, 75), (true, 75, 25)] {
        let pixels = painted(&found, &Style { mirror, ..style.clone() });
        let green = pixels[50 * 100 + inside];
        assert!(green[1] > green[0] + 20, "green over grey: {green:?}");
        assert_eq!(pixels[50 * 100 + outside], GREY);
    }
}

#[test]
fn skeletons_connect_the_points_that_are_visible() {
    let mut found = results(Task::Pose, (300, 300));
    let mut person = Detection::new(0, 0.9, [50.0, 50.0, 250.0, 250.0]);
    person.keypoints = (0, 17);
    found.detections.push(person);
    found.keypoints = vec![Keypoint { x: 0.0, y: 0.0, score: 0.1 }; 17];
    found.keypoints[5] = Keypoint { x: 200.0, y: 100.5, score: 0.9 };
    found.keypoints[6] = Keypoint { x: 100.0, y: 100.5, score: 0.9 };
    let style = Style { boxes: false, labels: false, ..Style::default() };
    let scene = scene_of(&found, &style);
    let lines = scene.shapes().iter().filter(|shape| matches!(shape, Shape::Line { .. })).count();
    let dots = scene.shapes().iter().filter(|shape| matches!(shape, Shape::Dot { .. })).count();
    assert_eq!((lines, dots), (1, 2), "both shoulders and the line between them");
    let middle = painted(&found, &style)[100 * 300 + 150];
    assert_eq!(middle, [0xf0, 0xe4, 0x42, 255]);
}

#[test]
fn the_likeliest_classes_have_bars() {
    let mut found = results(Task::Classify, (640, 480));
    found.top = vec![ClassScore { class_id: 5, score: 0.913 }, ClassScore { class_id: 7, score: f32::NAN }];
    let scene = scene_of(&found, &Style::default());
    assert_eq!(texts(&scene), ["bus", "91.3%", "truck", "0.0%"]);
}

fn with_plane(values: PlaneValues) -> Results {
    let mut found = results(Task::Depth, (100, 100));
    found.plane = Some(Plane { region: [0.0, 0.0, 100.0, 100.0], width: 2, height: 1, values });
    found
}

#[test]
fn each_kind_of_plane_is_painted_in_its_own_way() {
    let style = Style { legends: false, mask_opacity: 1.0, ..Style::default() };
    let sides = |values: PlaneValues| {
        let pixels = painted(&with_plane(values), &style);
        (pixels[50 * 100 + 2], pixels[50 * 100 + 97])
    };
    let image = PlaneValues::Image(vec![255, 0, 0, 255, 0, 0, 255, 255]);
    assert_eq!(sides(image), ([255, 0, 0, 255], [0, 0, 255, 255]));
    assert_eq!(sides(PlaneValues::Classes(vec![3, 4])), (rgb(3), rgb(4)));
    let (background, foreground) = sides(PlaneValues::Matte(vec![0.0, 1.0]));
    assert_eq!(foreground, GREY, "the foreground stays");
    assert!(background[0] < 60, "the background goes dark");
    for (larger_is_nearer, near) in [(false, 1), (true, 0)] {
        let values = vec![9.0, 1.0];
        let (left, right) = sides(PlaneValues::Depth { values, larger_is_nearer, metric: true });
        let lighter = usize::from(right[0] > left[0]);
        assert_eq!(lighter, near, "the nearer side is the lighter one");
    }
}

#[test]
fn depth_has_a_legend_in_metres_and_classes_one_with_shares() {
    let depth = PlaneValues::Depth { values: vec![1.0, 9.0], larger_is_nearer: false, metric: true };
    let mut found = with_plane(depth);
    found.frame_size = (640, 480);
    assert_eq!(texts(&scene_of(&found, &Style::default())), ["far 9.0 m", "near 1.0 m"]);
    let chinese = Style { language: Language::Chinese, ..Style::default() };
    assert_eq!(texts(&scene_of(&found, &chinese)), ["远 9.0 m", "近 1.0 m"]);
    let mut found = with_plane(PlaneValues::Classes(vec![0, 2]));
    found.frame_size = (640, 480);
    assert_eq!(texts(&scene_of(&found, &chinese)).len(), 4);
    let mut names = Labels::coco80().english().to_vec();
    names[0] = "background".into();
    let mut scene = Scene::new();
    scene.compose(&found, &Labels::new(names), &Style::default());
    assert_eq!(texts(&scene), ["car", "50%"], "the background has no entry");
}

#[test]
fn composing_again_reuses_every_buffer() {
    let mut found = results(Task::Detect, (640, 480));
    for i in 0..40_u8 {
        let x = f32::from(i) * 10.0;
        found.detections.push(Detection::new(u32::from(i), 0.5, [x, x, x + 50.0, x + 50.0]));
    }
    let (labels, style) = (Labels::coco80(), Style::default());
    let mut scene = Scene::new();
    scene.compose(&found, &labels, &style);
    let before = (scene.shapes.as_ptr(), scene.text.as_ptr(), scene.revision());
    scene.compose(&found, &labels, &style);
    assert_eq!((scene.shapes.as_ptr(), scene.text.as_ptr()), (before.0, before.1));
    assert_ne!(scene.revision(), before.2);
}

/// Returns the shapes that egui gets for the scene over a frame at `at`.
fn on_screen(scene: &Scene, at: egui::Rect) -> Vec<egui::Shape> {
    let ctx = egui::Context::default();
    ctx.set_fonts(fonts::egui_fonts());
    let mut painter = screen_painter::ScreenPainter::default();
    let input = egui::RawInput {
        screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(2000.0, 2000.0))),
        ..egui::RawInput::default()
    };
    let mut output = ctx.run_ui(input, |ui| painter.paint(ui.painter(), at, scene));
    output.textures_delta.clear();
    output.shapes.into_iter().map(|clipped| clipped.shape).collect()
}

#[test]
fn the_screen_shows_the_same_shapes_as_the_image() {
    let mut found = results(Task::Segment, (800, 600));
    for (i, x) in [20.0, 250.0, 500.0].into_iter().enumerate() {
        let mut detection = Detection::new(i as u32 * 5, 0.9, [x, 100.0, x + 200.0, 400.0]);
        detection.mask = Some(0);
        found.detections.push(detection);
    }
    found.masks.push(Mask { region: [20.0, 100.0, 220.0, 400.0], width: 2, height: 2, data: vec![255; 4] });
    for style in [Style::default(), Style { language: Language::Chinese, mirror: true, ..Style::default() }] {
        let scene = scene_of(&found, &style);
        // At half the size, away from the corner.
        let at = egui::Rect::from_min_size(egui::pos2(100.0, 50.0), egui::vec2(400.0, 300.0));
        let to = |r: Rect| {
            let point = |x: f32, y: f32| egui::pos2(100.0 + x / 2.0, 50.0 + y / 2.0);
            egui::Rect::from_min_max(point(r[0], r[1]), point(r[2], r[3]))
        };
        let shapes = on_screen(&scene, at);
        let (mut fills, mut strokes, mut words) = (Vec::new(), Vec::new(), Vec::new());
        for shape in &shapes {
            match shape {
                egui::Shape::Rect(rect) if rect.stroke.width > 0.0 => {
                    strokes.push((rect.rect, rect.stroke.width));
                }
                egui::Shape::Rect(rect) if rect.brush.is_none() => fills.push(rect.rect),
                egui::Shape::Text(text) => words.push(text.clone()),
                _ => {}
            }
        }
        let (mut expected_fills, mut expected_strokes, mut expected_words) =
            (Vec::new(), Vec::new(), Vec::new());
        for shape in scene.shapes() {
            match *shape {
                Shape::Fill { rect, .. } => expected_fills.push(to(rect)),
                Shape::Frame { rect, width, halo, .. } => {
                    expected_strokes.push((to(rect), (width + 2.0 * halo) * 0.5));
                    expected_strokes.push((to(rect), width / 2.0));
                }
                Shape::Text { text, left, baseline, size, .. } => {
                    expected_words.push((scene.text(text), left, baseline, size));
                }
                _ => {}
            }
        }
        assert_eq!(fills, expected_fills);
        assert_eq!(strokes, expected_strokes);
        assert_eq!(words.len(), expected_words.len());
        for (shape, (text, left, baseline, size)) in words.iter().zip(expected_words) {
            assert_eq!(shape.galley.text(), text);
            let place = to([left, baseline, left, baseline]).min;
            assert!((shape.pos.x - place.x).abs() < 1.0, "{text} begins where it should");
            let measured = fonts::text_width(text, size) / 2.0;
            let wide = shape.galley.size().x;
            assert!(
                (wide - measured).abs() < measured * 0.06 + 1.0,
                "{text}: {wide} on screen, {measured} measured"
            );
        }
    }
}

#[test]
fn frames_of_any_size_and_broken_numbers_are_survived() {
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 0.0, -3.5, 1e9];
    for size in [(0, 0), (1, 1), (1, 500), (500, 1), (3, 3), (320, 240)] {
        let mut found = results(Task::Segment, size);
        for (i, &a) in bad.iter().enumerate() {
            for &b in &bad {
                let mut detection = Detection::new(u32::MAX - i as u32, a, [a, b, b, a]);
                detection.mask = Some(i);
                detection.keypoints = (0, 17);
                if i % 2 == 0 {
                    detection.oriented =
                        Some(Oriented { corners: [[a, b], [b, a], [a, a], [b, b]], angle: b });
                }
                found.detections.push(detection);
            }
            found.masks.push(Mask {
                region: [a, 0.0, 5.0, 5.0],
                width: 3,
                height: 3,
                data: vec![255; i + 4],
            });
            found.keypoints.push(Keypoint { x: a, y: 5.0, score: 1.0 });
        }
        found.keypoints.resize(17, Keypoint { x: 1e30, y: -1e30, score: 1.0 });
        found.top.push(ClassScore { class_id: 9999, score: f32::NAN });
        found.plane = Some(Plane {
            region: [0.0, 0.0, 1e9, 1.0],
            width: 2,
            height: 2,
            values: PlaneValues::Depth { values: bad.to_vec(), larger_is_nearer: true, metric: true },
        });
        for scale in [1.0, f32::NAN, 1e9, -4.0] {
            let style =
                Style { line_scale: scale, label_scale: scale, mask_opacity: scale, ..Style::default() };
            let scene = scene_of(&found, &style);
            let frame = Frame::filled(size.0, size.1, GREY);
            image_painter::render(&frame, &scene, &mut Vec::new());
            image_painter::paint(&scene, &mut [0; 64], 4, 4);
        }
        let at = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(100.0, 100.0));
        on_screen(&scene_of(&found, &Style::default()), at);
    }
    // A plane or mask that is shorter than it says.
    for values in
        [PlaneValues::Image(vec![1]), PlaneValues::Classes(Vec::new()), PlaneValues::Matte(vec![0.5])]
    {
        painted(&with_plane(values), &Style::default());
    }
    let frame = Frame { format: PixelFormat::Mjpeg, ..Frame::filled(2, 2, GREY) };
    let mut out = vec![1];
    image_painter::render(&frame, &Scene::new(), &mut out);
    assert!(out.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the image, the boxes and the names are, every label lies wholly in the image.
    #[test]
    fn labels_never_leave_the_image(
        width in 1_u32..2000,
        height in 1_u32..2000,
        boxes in prop::collection::vec((0_u32..4, prop::array::uniform4(-0.5_f32..1.5)), 0..12),
        names in prop::collection::vec("\\PC{0,40}", 4),
        mirror in any::<bool>(),
        scale in 0.1_f32..8.0,
    ) {
        let mut found = results(Task::Detect, (width, height));
        let (w, h) = (width as f32, height as f32);
        for (class_id, [a, b, c, d]) in boxes {
            found.detections.push(Detection::new(class_id, 0.5, [a * w, b * h, c * w, d * h]));
        }
        let style = Style { mirror, label_scale: scale, ..Style::default() };
        let mut scene = Scene::new();
        scene.compose(&found, &Labels::new(names), &style);
        for label_box in &scene.label_boxes {
            let [x1, y1, x2, y2] = label_box.rect;
            prop_assert!(x1 >= 0.0 && y1 >= 0.0 && x2 <= w + 0.01 && y2 <= h + 0.01, "{:?}", label_box.rect);
        }
        for shape in scene.shapes() {
            if let Shape::Text { text, left, size, .. } = *shape {
                let right = left + fonts::text_width(scene.text(text), size);
                prop_assert!(left >= 0.0 && right <= w + 0.01, "{} ends at {right} of {w}", scene.text(text));
            }
        }
    }
}

#[test]
fn a_raster_goes_to_the_screen_without_a_copy_and_is_not_changed_there() {
    let mut found = with_plane(PlaneValues::Classes(vec![3, 4]));
    let mut scene = scene_of(&found, &Style::default());
    let on_its_way = Arc::clone(scene.rasters()[0].image());
    let before = on_its_way.pixels.clone();
    let place = on_its_way.pixels.as_ptr();
    let revision = scene.revision();
    found.plane = with_plane(PlaneValues::Classes(vec![5, 6])).plane;
    scene.compose(&found, &Labels::coco80(), &Style::default());
    assert_eq!(on_its_way.pixels, before, "egui still holds these pixels");
    assert_ne!(scene.rasters()[0].image().pixels, before);
    drop(on_its_way);
    let place_now = scene.rasters()[0].image().pixels.as_ptr();
    assert_ne!(place_now, place);
    scene.compose(&found, &Labels::coco80(), &Style::default());
    assert_eq!(scene.rasters()[0].image().pixels.as_ptr(), place_now, "a free buffer is used again");
    let mut other = Scene::new();
    other.compose(&found, &Labels::coco80(), &Style::default());
    assert!(other.revision() > scene.revision() && scene.revision() > revision, "no two fillings are alike");
}

/// Beside a slow model, boxes are followed to a newer frame than the one that the report is of.
#[test]
fn a_trail_ends_at_its_object_wherever_that_has_been_followed_to() {
    let mut results = Results::default();
    results.clear(Task::Detect, (640, 360));
    let mut detection = Detection::new(0, 0.9, [100.0, 100.0, 140.0, 160.0]);
    detection.track_id = Some(7);
    results.detections.push(detection);
    let track = crate::track::TrackReport {
        id: 7,
        class_id: 0,
        bbox: [80.0, 100.0, 120.0, 160.0],
        since_s: 0.0,
        trail: 0..2,
        speed: None,
        predicted: false,
    };
    let report = crate::track::Report {
        tracks: vec![track],
        trails: vec![[60.0, 160.0], [100.0, 160.0]],
        ..Default::default()
    };
    let style = Style { boxes: false, labels: false, ..Style::default() };
    let mut scene = Scene::new();
    scene.compose_with(&results, Some(&report), &Labels::coco80(), &style);
    let ends: Vec<_> = scene
        .shapes()
        .iter()
        .filter_map(|shape| match shape {
            Shape::Line { from, to, .. } => Some((*from, *to)),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [([60.0, 160.0], [100.0, 160.0]), ([100.0, 160.0], [120.0, 160.0])]);
}
