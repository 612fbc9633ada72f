//! The output of a network before it becomes a result: the scores of a detector's cells, all candidates, non-maximum suppression step by
//! step, and a classifier's raw scores.

use serde::Serialize;

use crate::model::boxes::iou;
use crate::model::families::Candidate;
use crate::model::tensor::Tensor;

/// Best scores of the cells of one level of a detector's head.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelMap {
    /// Input pixels a cell.
    pub stride: u32,
    pub width: usize,
    pub height: usize,
    /// Row by row, 0..=1; 0 where no candidate is.
    pub scores: Vec<f32>,
}

/// The scores of a detector's cells, by level, from its candidates; `class`: of this class alone. `anchors` is the number of rows of its
/// output. `None` where these don't belong to cells of the usual strides (8, 16, 32, perhaps 64; one or three boxes a cell).
#[must_use]
pub fn level_maps(
    candidates: &[Candidate],
    anchors: usize,
    input: (u32, u32),
    class: Option<u32>,
) -> Option<Vec<LevelMap>> {
    let (strides, boxes) = levels(anchors, input)?;
    let mut maps: Vec<LevelMap> = strides
        .iter()
        .map(|stride| {
            let (width, height) = ((input.0 / stride) as usize, (input.1 / stride) as usize);
            LevelMap { stride: *stride, width, height, scores: vec![0.0; width * height] }
        })
        .collect();
    for candidate in candidates.iter().filter(|found| class.is_none_or(|class| class == found.class_id)) {
        let mut place = candidate.anchor;
        for map in &mut maps {
            let cells = map.width * map.height;
            if place < cells * boxes {
                let score = &mut map.scores[place % cells];
                *score = score.max(candidate.score);
                break;
            }
            place -= cells * boxes;
        }
    }
    Some(maps)
}

/// The stride, in input pixels, of the level that an anchor belongs to; `None` as for [`level_maps`].
#[must_use]
pub fn stride_of(anchor: usize, anchors: usize, input: (u32, u32)) -> Option<u32> {
    let (strides, boxes) = levels(anchors, input)?;
    let mut before = 0;
    strides.iter().copied().find(|stride| {
        before += (input.0 / stride) as usize * (input.1 / stride) as usize * boxes;
        anchor < before
    })
}

/// How many anchors a detector's outputs have: the length of an axis that fits the usual strides.
#[must_use]
pub fn anchors_of(outputs: &[Tensor<'_>], input: (u32, u32)) -> Option<usize> {
    let sides = outputs.iter().flat_map(|output| output.shape).filter_map(|side| usize::try_from(*side).ok());
    sides.into_iter().find(|side| levels(*side, input).is_some())
}

/// Which strides, and how many boxes a cell, give so many anchors.
fn levels(anchors: usize, input: (u32, u32)) -> Option<(&'static [u32], usize)> {
    const STRIDES: [&[u32]; 3] = [&[8, 16, 32], &[8, 16, 32, 64], &[16, 32]];
    let cells = |strides: &[u32]| -> usize {
        strides.iter().map(|stride| (input.0 / stride) as usize * (input.1 / stride) as usize).sum()
    };
    STRIDES
        .into_iter()
        .flat_map(|strides| [(strides, 1), (strides, 3)])
        .find(|(strides, boxes)| cells(strides) * boxes == anchors && anchors > 0)
}

/// What becomes of one candidate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NmsStep {
    pub score: f32,
    pub class_id: u32,
    /// x1, y1, x2, y2 in frame pixels.
    pub bbox: [f32; 4],
    #[serde(flatten)]
    pub fate: Fate,
}

/// What non-maximum suppression does with a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "fate")]
pub enum Fate {
    Kept,
    /// It overlaps a better one, which is at place `by` of the list, by this much.
    Suppressed {
        by: usize,
        iou: f32,
    },
    /// There were enough results already, or it is outside the frame.
    LeftOut,
}

/// What suppression did with each candidate, best first: what the decoder kept is kept, and each other one was suppressed by the best of those that overlaps
/// it by more than `limit`. `kept` holds places in `candidates`, as [`crate::model::Model::candidates`] gives them.
#[must_use]
pub fn nms_steps(candidates: &[Candidate], kept: &[usize], limit: f32, agnostic: bool) -> Vec<NmsStep> {
    let mut kept = kept.to_vec();
    kept.sort_unstable();
    let fate = |place: usize, candidate: &Candidate| {
        if kept.binary_search(&place).is_ok() {
            return Fate::Kept;
        }
        let better = kept.iter().take_while(|other| **other < place);
        let mut better = better.filter_map(|other| {
            let winner = candidates.get(*other)?;
            let meets = agnostic || winner.class_id == candidate.class_id;
            let overlap = iou(&winner.bbox, &candidate.bbox);
            (meets && overlap > limit).then_some(Fate::Suppressed { by: *other, iou: overlap })
        });
        better.next().unwrap_or(Fate::LeftOut)
    };
    let candidates = candidates.iter().enumerate();
    candidates
        .map(|(place, candidate)| NmsStep {
            score: candidate.score,
            class_id: candidate.class_id,
            bbox: candidate.bbox,
            fate: fate(place, candidate),
        })
        .collect()
}

/// Probabilities from raw scores at a temperature: exp(score / T), brought to the sum 1 (Hinton et al. 2015, arXiv 1503.02531). At 1
/// they are the model's own; above, they come closer to each other. Scores that are probabilities already are taken as their logarithms.
#[must_use]
pub fn softmax(scores: &[f32], temperature: f32) -> Vec<f32> {
    let sum: f32 = scores.iter().sum();
    let is_probability = (sum - 1.0).abs() < 0.01 && scores.iter().all(|score| (0.0..=1.0).contains(score));
    let raw = |score: f32| if is_probability { score.max(1e-12).ln() } else { score };
    let temperature = temperature.max(1e-3);
    let greatest = scores.iter().map(|score| raw(*score)).fold(f32::NEG_INFINITY, f32::max);
    let mut values: Vec<f32> =
        scores.iter().map(|score| ((raw(*score) - greatest) / temperature).exp()).collect();
    let total: f32 = values.iter().sum();
    for value in &mut values {
        *value /= total.max(f32::MIN_POSITIVE);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(score: f32, class_id: u32, x: f32, anchor: usize) -> Candidate {
        Candidate { score, class_id, bbox: [x, 0.0, x + 10.0, 10.0], anchor }
    }

    #[test]
    fn each_box_tells_which_one_suppressed_it() {
        // Two boxes that overlap by 8 of 12, one of another class, one apart.
        let candidates = [
            candidate(0.9, 0, 0.0, 0),
            candidate(0.8, 0, 2.0, 1),
            candidate(0.7, 1, 2.0, 2),
            candidate(0.6, 0, 50.0, 3),
        ];
        let steps = nms_steps(&candidates, &[0, 2, 3], 0.5, false);
        let fates: Vec<Fate> = steps.iter().map(|step| step.fate).collect();
        let Fate::Suppressed { by: 0, iou } = fates[1] else { panic!("{fates:?}") };
        assert!((iou - 8.0 / 12.0).abs() < 1e-6);
        assert_eq!([fates[0], fates[2], fates[3]], [Fate::Kept; 3]);
        assert_eq!(nms_steps(&candidates, &[0], 0.7, false)[1].fate, Fate::LeftOut, "not by overlap");
    }

    #[test]
    fn cells_are_found_by_their_anchors() {
        // 64×64: 8·8 + 4·4 + 2·2 cells.
        let candidates =
            [candidate(0.5, 3, 0.0, 9), candidate(0.7, 1, 0.0, 64 + 5), candidate(0.9, 3, 0.0, 83)];
        let maps = level_maps(&candidates, 84, (64, 64), None).expect("levels");
        assert_eq!(maps.iter().map(|map| map.stride).collect::<Vec<_>>(), [8, 16, 32]);
        assert_eq!((maps[0].scores[9], maps[1].scores[5], maps[2].scores[3]), (0.5, 0.7, 0.9));
        let of_class = level_maps(&candidates, 84, (64, 64), Some(1)).expect("levels");
        assert_eq!(of_class[0].scores[9], 0.0);
        let three = level_maps(&[candidate(0.4, 0, 0.0, 64 * 2 + 9)], 252, (64, 64), None).expect("levels");
        assert_eq!(three[0].scores[9], 0.4, "the third box of a cell");
        assert_eq!(level_maps(&candidates, 300, (64, 64), None), None, "queries");
        let strides = [0, 63, 64, 83, 84].map(|anchor| stride_of(anchor, 84, (64, 64)));
        assert_eq!(strides, [Some(8), Some(8), Some(16), Some(32), None]);
    }

    #[test]
    fn temperature_flattens() {
        let at = |temperature| softmax(&[0.0, 3f32.ln()], temperature);
        assert!((at(1.0)[1] - 0.75).abs() < 1e-6);
        // √3 : 1
        assert!((at(2.0)[1] - 3f32.sqrt() / (1.0 + 3f32.sqrt())).abs() < 1e-6);
        assert!((softmax(&[0.25, 0.75], 1.0)[1] - 0.75).abs() < 1e-5, "probabilities stay");
    }
}
