//! Whether one of two models is really better, or whether chance made the difference.

use super::evaluate::{DetectionEvaluator, Measured};
use super::measure::{MATCH_IOU, MeasuredModel};

/// The images are drawn again so often, to tell a difference from chance: the ends of the range are each that of ten of them.
const DRAWS: usize = 400;

/// How much better the second model is than the first on the same images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The second's figure less the first's: mAP50-95, or top-1 of a classifier. 0..=1
    pub by: f64,
    /// Where the difference lies for 95 % of data sets like this one: what comes of drawing its videos and images again and again.
    /// `None` if all images come from one video or camera: they say nothing about others.
    pub range: Option<[f64; 2]>,
    pub images: usize,
    /// The frames of one video or camera, which are much alike, are one source; every other image is one of its own.
    pub sources: usize,
}

/// What a difference is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It is more than chance explains.
    Real,
    /// So it is, but there are too few images or sources to rely on that.
    Few,
    /// Chance alone might have made it.
    Noise,
    /// Nobody can say: all images come from one source.
    Unknown,
}

impl Difference {
    /// With so few images a difference says little, however it looks.
    pub const FEW_IMAGES: usize = 30;
    /// So it is with so few videos or cameras.
    pub const FEW_SOURCES: usize = 10;

    /// Whether the data set is too small to rely on the range.
    #[must_use]
    pub fn is_few(&self) -> bool {
        self.images < Self::FEW_IMAGES || self.sources < Self::FEW_SOURCES
    }

    /// What it is worth.
    #[must_use]
    pub fn weight(&self) -> Weight {
        match self.range {
            None if self.images < 2 => Weight::Few,
            None => Weight::Unknown,
            Some([low, high]) if low <= 0.0 && high >= 0.0 => Weight::Noise,
            Some(_) if self.is_few() => Weight::Few,
            Some(_) => Weight::Real,
        }
    }
}

/// How much better the second model is than the first, and whether that is more than chance: both are measured on the images of
/// sources that are drawn from these again and again (a paired bootstrap over clusters, as the frames of one video aren't
/// independent of each other). `None` if they can't be compared, or if `go_on` says no.
#[must_use]
pub fn difference(
    classes: &[String],
    first: &MeasuredModel,
    second: &MeasuredModel,
    mut go_on: impl FnMut(usize, usize) -> bool,
) -> Option<Difference> {
    let places =
        |model: &MeasuredModel| -> Vec<usize> { model.images.iter().map(|image| image.place).collect() };
    let count = first.images.len();
    // Accuracy and average precision aren't of one kind.
    let classifies = |model: &MeasuredModel| model.images.iter().any(|image| image.is_right.is_some());
    if count == 0 || places(first) != places(second) || classifies(first) != classifies(second) {
        return None;
    }
    let of = |drawn: &[usize]| Some(figure(classes, second, drawn)? - figure(classes, first, drawn)?);
    let all: Vec<usize> = (0..count).collect();
    let by = of(&all)?;
    let sources = sources(first);
    let whole = |range| Difference { by, range, images: count, sources: sources.len() };
    if sources.len() < 2 {
        return Some(whole(None));
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut differences = Vec::with_capacity(DRAWS);
    let mut drawn = Vec::with_capacity(count);
    for round in 0..DRAWS {
        if !go_on(round, DRAWS) {
            return None;
        }
        drawn.clear();
        for _ in 0..sources.len() {
            drawn.extend(&sources[random.below(sources.len())]);
        }
        differences.extend(of(&drawn));
    }
    if differences.is_empty() {
        return Some(whole(None));
    }
    differences.sort_by(f64::total_cmp);
    let at = |share: f64| differences[((differences.len() - 1) as f64 * share).round() as usize];
    Some(whole(Some([at(0.025), at(0.975)])))
}

/// The places of the images of each source in the list of measured images.
fn sources(model: &MeasuredModel) -> Vec<Vec<usize>> {
    let mut sources: Vec<Vec<usize>> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for (place, image) in model.images.iter().enumerate() {
        match &image.source {
            None => sources.push(vec![place]),
            Some(source) => {
                let at = *known.entry(source).or_insert_with(|| {
                    sources.push(Vec::new());
                    sources.len() - 1
                });
                sources[at].push(place);
            }
        }
    }
    sources
}

/// The figure that is compared, on images that may be drawn several times.
fn figure(classes: &[String], model: &MeasuredModel, drawn: &[usize]) -> Option<f64> {
    if model.images.iter().any(|image| image.is_right.is_some()) {
        let rights = drawn.iter().filter_map(|n| model.images[*n].is_right);
        let (right, all) = rights.fold((0, 0), |(right, all), is| (right + usize::from(is), all + 1));
        return (all > 0).then(|| f64::from(right as u32) / f64::from(all));
    }
    let mut evaluator = DetectionEvaluator::new(classes.to_vec(), Measured::Box, MATCH_IOU);
    for n in drawn {
        let image = &model.images[*n];
        evaluator.add("", &image.truths, &image.found);
    }
    evaluator.finish(Some(0.5)).coco.map
}

/// Numbers that look random and are the same in every run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        value as usize % count.max(1)
    }
}

#[cfg(test)]
#[path = "difference_tests.rs"]
mod tests;
