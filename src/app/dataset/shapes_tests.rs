use super::*;

const SIZE: (u32, u32) = (100, 80);

fn no_outlines(_: &Annotation) -> Vec<Polygon> {
    Vec::new()
}

#[test]
fn a_box_is_pulled_at_corners_and_sides_and_never_leaves_the_image() {
    let label = Annotation::new(0, [10.0, 10.0, 50.0, 40.0]);
    let pull = |part, to| pulled(&label, part, [50.0, 40.0], to, SIZE).bbox;
    assert_eq!(pull(Part::Corner(2), [70.0, 60.0]), [10.0, 10.0, 70.0, 60.0]);
    assert_eq!(pull(Part::Corner(2), [500.0, -5.0]), [10.0, 0.0, 100.0, 10.0], "past its own corner");
    assert_eq!(pull(Part::Side(3), [20.0, 99.0]), [20.0, 10.0, 50.0, 40.0]);
    assert_eq!(pull(Part::Side(1), [10.0, 0.0]), [10.0, 10.0, 11.0, 40.0], "at least a pixel");
    assert_eq!(pull(Part::Whole, [500.0, 40.0]), [60.0, 10.0, 100.0, 40.0]);
}

#[test]
fn the_selected_labels_handles_go_before_smaller_labels_and_these_before_larger_ones() {
    let labels = [Annotation::new(0, [0.0, 0.0, 60.0, 60.0]), Annotation::new(0, [40.0, 40.0, 62.0, 62.0])];
    let hit = |at, selected| hit(&labels, &no_outlines, at, selected, 4.0);
    assert_eq!(hit([50.0, 50.0], None), Some((1, Part::Whole)));
    assert_eq!(hit([61.0, 61.0], Some(0)), Some((0, Part::Corner(2))));
    assert_eq!(hit([61.0, 20.0], Some(0)), Some((0, Part::Side(1))));
    assert_eq!(hit([90.0, 70.0], Some(0)), None);
}

#[test]
fn outlines_gain_and_lose_corners_and_their_box_fits() {
    let square = vec![[10.0, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0]];
    let label = Annotation { polygons: vec![square], ..Annotation::new(0, [10.0, 10.0, 30.0, 30.0]) };
    let (label, corner) = with_corner(&label, 0, 0, [20.0, 10.0]).unwrap();
    let label = pulled(&label, corner, [20.0, 10.0], [20.0, 2.0], SIZE);
    assert_eq!((label.polygons[0][1], label.bbox), ([20.0, 2.0], [10.0, 2.0, 30.0, 30.0]));
    let label = without_point(&label, corner).unwrap();
    assert_eq!((label.polygons[0].len(), label.bbox), (4, [10.0, 10.0, 30.0, 30.0]));
    let triangle = without_point(&label, Part::Vertex(0, 0)).unwrap();
    assert_eq!(without_point(&triangle, Part::Vertex(0, 0)), None, "nothing is left");
}

#[test]
fn an_oriented_box_stays_a_rectangle() {
    let corners = [[20.0, 10.0], [40.0, 30.0], [30.0, 40.0], [10.0, 20.0]];
    let label = Annotation { corners: Some(corners), ..Annotation::default() };
    for (part, to) in [(Part::Oriented(1), [60.0, 30.0]), (Part::Turn, [50.0, 50.0])] {
        let new = pulled(&label, part, corners[1], to, SIZE).corners.unwrap();
        let (a, b) = (sub(new[1], new[0]), sub(new[2], new[1]));
        assert!((a[0] * b[0] + a[1] * b[1]).abs() < 1e-9, "{new:?}");
        assert!((length(sub(new[0], new[1])) - length(sub(new[3], new[2]))).abs() < 1e-9);
    }
    let turned = pulled(&label, Part::Turn, [0.0, 0.0], [0.0, 50.0], SIZE).corners.unwrap();
    assert!((length(sub(turned[0], turned[1])) - 800_f64.sqrt()).abs() < 1e-9, "of the same size");
}

#[test]
fn a_keypoint_that_is_pulled_is_labelled_and_within_the_box() {
    let label =
        Annotation { keypoints: vec![LabelPoint::default()], ..Annotation::new(0, [10.0, 10.0, 20.0, 20.0]) };
    let label = pulled(&label, Part::Keypoint(0), [0.0, 0.0], [30.0, 15.0], SIZE);
    assert_eq!((label.keypoints[0].visibility, label.bbox), (Visibility::Visible, [10.0, 10.0, 30.0, 20.0]));
    let label = without_point(&label, Part::Keypoint(0)).unwrap();
    assert_eq!(label.keypoints, [LabelPoint::default()]);
}

#[test]
fn outlines_are_simplified_to_corners_that_people_can_move() {
    // The stairs of a mask's diagonal edge, and a straight side.
    let mut stairs = vec![[0.0, 0.0], [20.0, 0.0], [20.0, 20.0]];
    stairs.extend((1..20).flat_map(|n| {
        let n = f64::from(20 - n);
        [[n, n + 1.0], [n, n]]
    }));
    let simple = simplified(&stairs, 1.0);
    assert!(simple.len() <= 5, "{simple:?}");
    assert!(simple.contains(&[0.0, 0.0]) && simple.contains(&[20.0, 0.0]));
}
