//! The map of the embeddings: points in the plane, near each other where images look alike.

use super::embeddings::Samples;
use super::fit::coordinates::Coordinates;
use super::fit::dot;
use super::fit::principal::directions;

/// A point of the map, each coordinate −1..=1.
pub type MapPoint = [f32; 2];

/// A point for each example of [`Samples::train`], in its order: the first two principal components (PCA) of the standardised
/// embeddings.
#[must_use]
pub fn map(samples: &Samples) -> Vec<MapPoint> {
    let rows: Vec<&[f32]> = samples.train.iter().map(|sample| &*sample.embedding).collect();
    let coordinates = Coordinates::of(&rows);
    let directions = directions(&coordinates.rows, coordinates.width, 2);
    let along =
        |row: &[f64], index: usize| directions.get(index).map_or(0.0, |direction| dot(row, direction));
    let width = coordinates.width.max(1);
    let points: Vec<[f64; 2]> =
        coordinates.rows.chunks_exact(width).map(|row| [along(row, 0), along(row, 1)]).collect();
    let farthest = points.iter().flatten().fold(0.0, |most: f64, v| most.max(v.abs()));
    if points.len() != rows.len() || farthest.is_nan() || farthest <= 1e-12 {
        return vec![[0.0; 2]; rows.len()];
    }
    points.into_iter().map(|point| point.map(|v| (v / farthest) as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::teach::embeddings::Sample;

    #[test]
    fn alike_images_lie_near_each_other() {
        let sample = |class: usize, values: [f32; 3]| Sample {
            path: "a.png".into(),
            class,
            group: String::new(),
            embedding: values.into(),
        };
        let train = vec![
            sample(0, [9.0, 0.0, 1.0]),
            sample(0, [9.5, 0.1, 1.1]),
            sample(1, [-9.0, 8.0, 0.9]),
            sample(1, [-9.4, 8.2, 1.0]),
        ];
        let points = map(&Samples { train, ..Samples::default() });
        let apart = |a: usize, b: usize| (points[a][0] - points[b][0]).hypot(points[a][1] - points[b][1]);
        assert!(apart(0, 1) < 0.8 && apart(2, 3) < 0.8 && apart(0, 2) > 1.0, "{points:?}");
        assert!(points.iter().flatten().all(|v| v.abs() <= 1.0));
        assert!(map(&Samples::default()).is_empty());
        let alike = vec![sample(0, [1.0; 3]), sample(1, [1.0; 3])];
        assert_eq!(map(&Samples { train: alike, ..Samples::default() }), [[0.0; 2]; 2]);
    }
}
