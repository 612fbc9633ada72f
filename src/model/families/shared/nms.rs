//! Non-maximum suppression.

use crate::model::boxes::area;
use crate::model::families::Candidate;

/// More candidates than this aren't compared: the best are kept. As Ultralytics' `max_nms`.
pub const MOST_CANDIDATES: usize = 30_000;

/// How many kept boxes are compared at once.
const LANES: usize = 8;

/// No block.
const END: u32 = u32::MAX;

/// Boxes of one class that were kept, eight side by side, so that one candidate meets eight of them in a few vector
/// instructions.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// x1, y1, x2, y2.
    sides: [[f32; LANES]; 4],
    area: [f32; LANES],
    /// 1 where there is a box.
    used: [u32; LANES],
    /// The class's next block.
    next: u32,
}

impl Block {
    /// Whether any of the boxes overlaps `b` by more than `limit`. The arithmetic is [`iou`](crate::model::boxes::iou)'s.
    #[inline]
    fn suppresses(&self, b: &[f32; 4], own_area: f32, limit: f32) -> bool {
        // Comparisons instead of `f32::min`, which minds NaN: no candidate has one.
        let least = |a: f32, b: f32| if a < b { a } else { b };
        let most = |a: f32, b: f32| if a > b { a } else { b };
        let mut hits = [0u32; LANES];
        for (lane, hit) in hits.iter_mut().enumerate() {
            let side = |n: usize| self.sides[n][lane];
            let w = most(least(side(2), b[2]) - most(side(0), b[0]), 0.0);
            let h = most(least(side(3), b[3]) - most(side(1), b[1]), 0.0);
            let overlap = w * h;
            let union = self.area[lane] + own_area - overlap;
            let iou = if union > 0.0 { overlap / union } else { 0.0 };
            // What isn't a number (areas beyond the floats) counts as an overlap.
            let apart = iou <= limit;
            *hit = u32::from(!apart) & self.used[lane];
        }
        hits.iter().fold(0, |any, hit| any | hit) != 0
    }
}

/// The boxes that a candidate is compared with, those of each class in a chain; kept from frame to frame for its buffers.
#[derive(Debug, Default)]
pub struct ComparedBoxes {
    blocks: Vec<Block>,
    /// The newest block of each class, and how many boxes the class has.
    chains: Vec<(u32, u32)>,
    /// Classes that have a chain.
    classes: Vec<u32>,
}

impl ComparedBoxes {
    fn clear(&mut self) {
        self.blocks.clear();
        for class_id in self.classes.drain(..) {
            self.chains[class_id as usize] = (END, 0);
        }
    }

    fn push(&mut self, b: &[f32; 4], class_id: u32) {
        let class = class_id as usize;
        if self.chains.len() <= class {
            self.chains.resize(class + 1, (END, 0));
        }
        let (newest, count) = &mut self.chains[class];
        if *count == 0 {
            self.classes.push(class_id);
        }
        let lane = *count as usize % LANES;
        if lane == 0 {
            let empty =
                Block { sides: [[0.0; LANES]; 4], area: [0.0; LANES], used: [0; LANES], next: *newest };
            *newest = self.blocks.len() as u32;
            self.blocks.push(empty);
        }
        *count += 1;
        let block = &mut self.blocks[*newest as usize];
        block.sides.iter_mut().zip(b).for_each(|(side, value)| side[lane] = *value);
        block.area[lane] = area(b);
        block.used[lane] = 1;
    }

    fn suppress(&self, b: &[f32; 4], class_id: u32, limit: f32) -> bool {
        let own_area = area(b);
        let mut next = self.chains.get(class_id as usize).map_or(END, |chain| chain.0);
        while let Some(block) = self.blocks.get(next as usize) {
            if block.suppresses(b, own_area, limit) {
                return true;
            }
            next = block.next;
        }
        false
    }
}

/// Greedy non-maximum suppression: from the best down, a candidate is kept unless it overlaps one already kept (of
/// its class, or of any when `agnostic`) by more than `limit`. At most `most` are kept. `candidates` is put into order;
/// `kept` holds indices into it, best first. Cost: a sort, and for each candidate a comparison with what was kept of its class;
/// at most [`MOST_CANDIDATES`] · `most`.
pub fn nms(
    candidates: &mut Vec<Candidate>,
    kept: &mut Vec<usize>,
    compared: &mut ComparedBoxes,
    limit: f32,
    most: usize,
    agnostic: bool,
) {
    kept.clear();
    compared.clear();
    // Equal scores keep the order of their anchors, so that a result doesn't depend on the sort.
    let better = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score).then(a.anchor.cmp(&b.anchor));
    if candidates.len() > MOST_CANDIDATES {
        candidates.select_nth_unstable_by(MOST_CANDIDATES, better);
        candidates.truncate(MOST_CANDIDATES);
    }
    candidates.sort_unstable_by(better);
    for (index, candidate) in candidates.iter().enumerate() {
        if kept.len() >= most {
            break;
        }
        let class_id = if agnostic { 0 } else { candidate.class_id };
        if !compared.suppress(&candidate.bbox, class_id, limit) {
            kept.push(index);
            compared.push(&candidate.bbox, class_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::boxes::iou;

    fn candidate(score: f32, class_id: u32, bbox: [f32; 4], anchor: usize) -> Candidate {
        Candidate { score, class_id, bbox, anchor }
    }

    #[test]
    fn the_best_of_overlapping_boxes_stays_a_class_at_a_time() {
        let b = [0.0, 0.0, 10.0, 10.0];
        let near = [0.0, 0.0, 10.0, 9.0];
        let boxes = [candidate(0.5, 1, b, 0), candidate(0.9, 1, near, 1), candidate(0.4, 2, b, 2)];
        let mut kept = Vec::new();
        let mut list = boxes.to_vec();
        nms(&mut list, &mut kept, &mut ComparedBoxes::default(), 0.7, 300, false);
        assert_eq!(kept.iter().map(|&k| list[k].anchor).collect::<Vec<_>>(), [1, 2]);
        nms(&mut list, &mut kept, &mut ComparedBoxes::default(), 0.7, 300, true);
        assert_eq!(kept.iter().map(|&k| list[k].anchor).collect::<Vec<_>>(), [1]);
    }

    /// The definition, written out: pairs compared one by one, removed ones marked.
    fn by_definition(list: &[Candidate], limit: f32, agnostic: bool) -> Vec<usize> {
        let mut order: Vec<&Candidate> = list.iter().collect();
        order.sort_by(|a, b| b.score.partial_cmp(&a.score).expect("no NaN").then(a.anchor.cmp(&b.anchor)));
        let mut gone = vec![false; order.len()];
        for i in 0..order.len() {
            for j in i + 1..order.len() {
                let same = agnostic || order[i].class_id == order[j].class_id;
                if !gone[i] && same && iou(&order[i].bbox, &order[j].bbox) > limit {
                    gone[j] = true;
                }
            }
        }
        order.iter().zip(gone).filter(|(_, gone)| !gone).map(|(c, _)| c.anchor).collect()
    }

    proptest! {
        #[test]
        fn nms_is_its_definition(
            raw in prop::collection::vec((0.0f32..1.0, 0u32..3, 0.0f32..50.0, 0.0f32..50.0, 0.0f32..30.0, 0.0f32..30.0), 0..60),
            limit in 0.0f32..1.0,
            agnostic: bool,
        ) {
            let mut list: Vec<_> = raw.iter().enumerate()
                .map(|(i, &(s, c, x, y, w, h))| candidate(s, c, [x, y, x + w, y + h], i))
                .collect();
            let expected = by_definition(&list, limit, agnostic);
            let mut kept = Vec::new();
            let mut compared = ComparedBoxes::default();
            // What an earlier frame left behind changes nothing.
            nms(&mut list.clone(), &mut kept, &mut compared, limit, usize::MAX, !agnostic);
            nms(&mut list, &mut kept, &mut compared, limit, usize::MAX, agnostic);
            let got: Vec<usize> = kept.iter().map(|&k| list[k].anchor).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
