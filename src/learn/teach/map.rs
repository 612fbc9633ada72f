//! The map of the embeddings: points in the plane, near each other where images look alike.

use super::embeddings::Samples;
use super::error::TeachError;
use super::fit::coordinates::Coordinates;
use super::fit::principal::directions;
use super::fit::{dot, tsne};
use crate::model::CancelToken;

/// A point of the map, each coordinate −1..=1.
pub type MapPoint = [f32; 2];

/// How points are placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MapKind {
    /// Principal components: what is far apart here is far apart among the embeddings.
    #[default]
    Pca,
    /// t-SNE (van der Maaten & Hinton 2008): what is alike lies together; distances between groups mean little.
    Tsne,
}

/// The fewest examples that t-SNE places.
pub const MIN_TSNE: usize = 4;

/// The most examples that t-SNE places: it takes the square of their number.
pub const MAX_TSNE: usize = 1000;

/// A point for each example of [`Samples::train`], in its order, placed as asked for. With fewer than four examples, with more than
/// [`MAX_TSNE`], or where all are alike, it is PCA; the answer says which it was. `seed`: what random numbers begin with.
///
/// # Errors
/// [`TeachError::Stopped`].
pub fn map_as(
    samples: &Samples,
    kind: MapKind,
    seed: u64,
    cancel: &CancelToken,
) -> Result<(MapKind, Vec<MapPoint>), TeachError> {
    let rows: Vec<&[f32]> = samples.train.iter().map(|sample| &*sample.embedding).collect();
    let stop = || cancel.is_cancelled();
    let coordinates = Coordinates::of(&rows, &stop);
    let components = principal(&coordinates, rows.len(), &stop);
    if stop() {
        return Err(TeachError::Stopped);
    }
    let is_flat = components.iter().flatten().all(|v| v.abs() <= LEAST);
    if kind == MapKind::Pca || is_flat || !(MIN_TSNE..=MAX_TSNE).contains(&rows.len()) {
        return Ok((MapKind::Pca, fitted(&components)));
    }
    match tsne::points(&coordinates.rows, coordinates.width, &components, seed, &stop) {
        Some(points) => Ok((MapKind::Tsne, fitted(&points))),
        None if stop() => Err(TeachError::Stopped),
        None => Ok((MapKind::Pca, fitted(&components))),
    }
}

/// A point for each example of [`Samples::train`], in its order: the first two principal components (PCA) of the standardised
/// embeddings.
#[must_use]
pub fn map(samples: &Samples) -> Vec<MapPoint> {
    let rows: Vec<&[f32]> = samples.train.iter().map(|sample| &*sample.embedding).collect();
    let go_on = || false;
    fitted(&principal(&Coordinates::of(&rows, &go_on), rows.len(), &go_on))
}

/// What is nearer counts as the same.
const LEAST: f64 = 1e-12;

/// The first two principal components of `count` rows.
fn principal(coordinates: &Coordinates, count: usize, stop: &dyn Fn() -> bool) -> Vec<[f64; 2]> {
    let directions = directions(&coordinates.rows, coordinates.width, 2, stop);
    let along =
        |row: &[f64], index: usize| directions.get(index).map_or(0.0, |direction| dot(row, direction));
    let width = coordinates.width.max(1);
    let points: Vec<[f64; 2]> =
        coordinates.rows.chunks_exact(width).map(|row| [along(row, 0), along(row, 1)]).collect();
    // Rows that are all alike have no coordinates.
    if points.len() == count { points } else { vec![[0.0; 2]; count] }
}

/// Points brought to −1..=1.
fn fitted(points: &[[f64; 2]]) -> Vec<MapPoint> {
    let farthest = points.iter().flatten().fold(0.0, |most: f64, v| most.max(v.abs()));
    if points.iter().flatten().any(|v| !v.is_finite()) || farthest <= LEAST {
        return vec![[0.0; 2]; points.len()];
    }
    points.iter().map(|point| point.map(|v| (v / farthest) as f32)).collect()
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

    /// Three groups that differ in one number each among thirty that say nothing.
    #[test]
    fn three_groups_stay_apart_in_both_maps() {
        let noise = |index: usize, n: usize| ((index * 30 + n) as f32 * 12.9898).sin();
        let sample = |index: usize| Sample {
            path: "a.png".into(),
            class: index / 10,
            group: String::new(),
            embedding: (0..30)
                .map(|n| noise(index, n) + if n % 3 == index / 10 { 3.0 } else { 0.0 })
                .collect::<Vec<f32>>()
                .into(),
        };
        let samples = Samples { train: (0..30).map(sample).collect(), ..Samples::default() };
        let token = CancelToken::default();
        for kind in [MapKind::Pca, MapKind::Tsne] {
            let (made, points) = map_as(&samples, kind, 1, &token).expect("a map");
            assert_eq!((made, points.len()), (kind, 30));
            assert!(points.iter().flatten().all(|v| v.abs() <= 1.0));
            let middle = |group: usize| -> [f32; 2] {
                let own = &points[group * 10..group * 10 + 10];
                std::array::from_fn(|axis| own.iter().map(|at| at[axis]).sum::<f32>() / 10.0)
            };
            for (index, point) in points.iter().enumerate() {
                let away = |group: usize| (point[0] - middle(group)[0]).hypot(point[1] - middle(group)[1]);
                let nearest = (0..3).min_by(|a, b| away(*a).total_cmp(&away(*b)));
                assert_eq!(nearest, Some(index / 10), "{kind:?}");
            }
        }
        assert_eq!(map_as(&samples, MapKind::Pca, 1, &token).expect("a map").1, map(&samples));
        let few = Samples { train: (0..3).map(sample).collect(), ..Samples::default() };
        assert_eq!(map_as(&few, MapKind::Tsne, 1, &token).expect("a map"), (MapKind::Pca, map(&few)));
        token.cancel();
        for kind in [MapKind::Pca, MapKind::Tsne] {
            assert!(matches!(map_as(&samples, kind, 1, &token), Err(TeachError::Stopped)));
        }
    }
}
