use super::*;

fn map(values: &[f32]) -> ActivationMap {
    ActivationMap { width: 4, height: 1, values: values.to_vec() }
}

#[test]
fn a_map_goes_along_with_boxes_smaller_than_a_cell() {
    let region = [0.0, 0.0, 40.0, 10.0];
    // The box lies within the second cell, beside its centre.
    let boxes = [([11.0, 1.0, 13.0, 3.0], 0.9)];
    let bright = map(&[0.0, 5.0, 0.0, 0.0]);
    assert!(correlation(&bright, region, &boxes).0 > 0.0);
    assert!(correlation(&bright.clone().negated(), region, &boxes).0 < 0.0);
    let (value, most) = correlation(&bright, region, &[([0.0, 0.0, 40.0, 10.0], 0.9)]);
    assert!(value.abs() <= most * 1e-3, "a box over everything says nothing");
}

#[test]
fn what_is_dark_in_the_map_fades_to_grey() {
    let mut image = Frame::filled(4, 1, [200, 0, 255, 255]);
    fade(&mut image, &[1.0, 0.0], (2, 1), [0.0, 0.0, 4.0, 1.0]);
    assert_eq!(image.data[..4], [200, 0, 255, 255]);
    assert_eq!(image.data[12..], [GREY, GREY, GREY, 255]);
}

#[test]
fn a_heat_map_lies_where_its_cells_are() {
    let mut image = Frame::filled(8, 2, [0, 0, 0, 255]);
    overlay(&mut image, &map(&[0.0, 0.0, 0.0, 1.0]), [0.0, 0.0, 8.0, 2.0], 1.0);
    assert!(image.data[7 * 4] > 200 && image.data[0] < 10, "{:?}", image.data);
}
