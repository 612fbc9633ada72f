//! Where the nodes of a graph stand in its diagram: from top to bottom, branches side by side, as Sugiyama, Tagawa and Toda drew
//! hierarchies (1981).
//!
//! 1. A node's row is the longest way to it.
//! 2. A wire over several rows gets a lane: a place in each of these rows, so that it runs beside the nodes. Wires from the same node
//!    share one.
//! 3. Places in a row are ordered by the mean place of their neighbours, down and up again.
//! 4. Places are moved to the mean of their neighbours as far as their order and widths allow.

/// Width and height of a node.
pub const NODE: [f32; 2] = [168.0, 44.0];
/// From the middle of a row to that of the next.
pub const ROW: f32 = 76.0;
/// Room between nodes of a row.
const GAP: f32 = 26.0;
/// Room that a lane takes.
const LANE: f32 = 22.0;
/// How often places are ordered and moved.
const SWEEPS: usize = 8;
/// More lanes than this aren't made: wires then run straight.
const MAX_LANES: usize = 100_000;

/// A part of a wire between two rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wire {
    /// Its upper end in the middle of a row, and its lower one in the middle of a later row.
    pub ends: [[f32; 2]; 2],
    /// The node that it comes from.
    pub source: usize,
    /// The node that it leads to; `None` in a lane that is shared.
    pub target: Option<usize>,
    /// It belongs to a wire over several rows.
    pub skips: bool,
}

/// A laid out graph. Lengths in points at a zoom of 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagram {
    /// The middle of each node.
    pub nodes: Vec<[f32; 2]>,
    /// By upper row.
    pub wires: Vec<Wire>,
    /// Where the wires of each row begin in `wires`.
    wire_starts: Vec<usize>,
    /// The places in `wires` of those that cross rows without a lane.
    long: Vec<usize>,
    /// The nodes of each row, from left to right.
    pub rows: Vec<Vec<usize>>,
    pub width: f32,
    pub height: f32,
}

/// A place in a row: a node, or the lane of wires from one.
struct Place {
    row: usize,
    node: Option<usize>,
    x: f32,
    above: Vec<usize>,
    below: Vec<usize>,
}

impl Place {
    fn half(&self) -> f32 {
        if self.node.is_some() { f32::midpoint(NODE[0], GAP) } else { LANE / 2.0 }
    }
}

impl Diagram {
    /// Lays out a graph of so many nodes; a wire leads from a node to a later one.
    #[must_use]
    pub fn of(nodes: usize, wires: &[(usize, usize)]) -> Self {
        let mut wires: Vec<(usize, usize)> =
            wires.iter().copied().filter(|(from, to)| from < to && *to < nodes).collect();
        wires.sort_unstable();
        wires.dedup();
        let row = rows_of(nodes, &wires);
        let mut places: Vec<Place> = (0..nodes)
            .map(|node| Place { row: row[node], node: Some(node), x: 0.0, above: vec![], below: vec![] })
            .collect();
        // Wires from one node share its lane, which is as long as the longest of them.
        let spans = wires
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|of| of.iter().map(|(from, to)| row[*to] - row[*from] - 1).max());
        let lanes: usize = spans.sum();
        // (source, upper place, lower place, target of the whole wire, whether it skips)
        let mut parts: Vec<(usize, usize, usize, Option<usize>, bool)> = Vec::new();
        let mut of_source = wires.iter().copied().peekable();
        while let Some(&(from, _)) = of_source.peek() {
            // The lane from this node, as far as it was laid.
            let mut lane = vec![from];
            while let Some((_, to)) = of_source.next_if(|wire| wire.0 == from) {
                let span = row[to] - row[from];
                if span == 1 || lanes > MAX_LANES {
                    parts.push((from, from, to, Some(to), span > 1));
                    continue;
                }
                while lane.len() < span {
                    let upper = lane[lane.len() - 1];
                    let place = Place {
                        row: row[from] + lane.len(),
                        node: None,
                        x: 0.0,
                        above: vec![],
                        below: vec![],
                    };
                    places.push(place);
                    lane.push(places.len() - 1);
                    parts.push((from, upper, places.len() - 1, None, true));
                }
                parts.push((from, lane[span - 1], to, Some(to), true));
            }
        }
        for (_, upper, lower, ..) in &parts {
            places[*upper].below.push(*lower);
            places[*lower].above.push(*upper);
        }
        let rows = row.iter().max().map_or(0, |most| most + 1);
        let mut order: Vec<Vec<usize>> = vec![Vec::new(); rows];
        for (place, of) in places.iter().enumerate() {
            order[of.row].push(place);
        }
        arrange(&mut order, &places);
        align(&order, &mut places);
        Self::made(nodes, &order, &places, &parts)
    }

    fn made(
        nodes: usize,
        order: &[Vec<usize>],
        places: &[Place],
        parts: &[(usize, usize, usize, Option<usize>, bool)],
    ) -> Self {
        let left = places.iter().map(|place| place.x - place.half()).fold(f32::INFINITY, f32::min);
        let left = if left.is_finite() { left } else { 0.0 };
        let at = |place: &Place| [place.x - left, (place.row as f32 + 0.5) * ROW];
        let mut wires: Vec<(usize, Wire)> = parts
            .iter()
            .map(|&(source, upper, lower, target, skips)| {
                let ends = [at(&places[upper]), at(&places[lower])];
                (places[upper].row, Wire { ends, source, target, skips })
            })
            .collect();
        wires.sort_by_key(|(row, _)| *row);
        let wire_starts = (0..=order.len()).map(|row| wires.partition_point(|wire| wire.0 < row)).collect();
        let crosses = |wire: &Wire| wire.ends[1][1] - wire.ends[0][1] > ROW * 1.5;
        let long = (0..wires.len()).filter(|place| crosses(&wires[*place].1)).collect();
        let right = places.iter().map(|place| place.x + place.half()).fold(left, f32::max);
        Self {
            nodes: places[..nodes].iter().map(at).collect(),
            wires: wires.into_iter().map(|(_, wire)| wire).collect(),
            wire_starts,
            long,
            rows: order
                .iter()
                .map(|row| row.iter().filter_map(|place| places[*place].node).collect())
                .collect(),
            width: right - left,
            height: order.len() as f32 * ROW,
        }
    }

    /// The rows between two heights.
    #[must_use]
    pub fn rows_between(&self, top: f32, bottom: f32) -> std::ops::Range<usize> {
        let first = ((top / ROW).floor().max(0.0) as usize).min(self.rows.len());
        let end = ((bottom / ROW).ceil().max(0.0) as usize).min(self.rows.len());
        first..end.max(first)
    }

    /// The wires that may cross these rows: those that begin in them or the one before, and long ones from further above.
    pub fn wires_of(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = &Wire> {
        let start = self.wire_starts.get(rows.start.saturating_sub(1)).copied().unwrap_or(0);
        let end = self.wire_starts.get(rows.end).copied().unwrap_or(self.wires.len());
        let top = rows.start as f32 * ROW;
        let above = self.long.iter().take_while(move |place| **place < start);
        let above = above.filter_map(move |place| self.wires.get(*place));
        let above = above.filter(move |wire| wire.ends[1][1] >= top);
        self.wires.get(start..end.max(start)).unwrap_or_default().iter().chain(above)
    }

    /// The node at this point.
    #[must_use]
    pub fn node_at(&self, x: f32, y: f32) -> Option<usize> {
        if y < 0.0 {
            return None;
        }
        let row = self.rows.get((y / ROW) as usize)?;
        row.iter().copied().find(|node| {
            let [nx, ny] = self.nodes[*node];
            (x - nx).abs() <= NODE[0] / 2.0 && (y - ny).abs() <= NODE[1] / 2.0
        })
    }
}

/// Longest-path rows. Wires lead to later nodes, so one pass in order is enough.
fn rows_of(nodes: usize, wires: &[(usize, usize)]) -> Vec<usize> {
    let mut row = vec![0; nodes];
    // They are sorted by their source: when a source's turn comes, all wires to it have been seen.
    for &(from, to) in wires {
        row[to] = row[to].max(row[from] + 1);
    }
    // What nothing leads to stands right above what it leads to, not at the very top.
    let mut has_above = vec![false; nodes];
    let mut nearest = vec![usize::MAX; nodes];
    for &(from, to) in wires {
        has_above[to] = true;
        nearest[from] = nearest[from].min(row[to]);
    }
    for node in 0..nodes {
        if !has_above[node] && nearest[node] != usize::MAX {
            row[node] = nearest[node] - 1;
        }
    }
    row
}

/// Orders the places of each row by the mean place of their neighbours.
fn arrange(order: &mut [Vec<usize>], places: &[Place]) {
    let mut at = vec![0.0f32; places.len()];
    let note = |row: &[usize], at: &mut [f32]| {
        for (n, place) in row.iter().enumerate() {
            // From the middle: rows have different lengths.
            at[*place] = n as f32 - (row.len() - 1) as f32 / 2.0;
        }
    };
    for row in order.iter() {
        note(row, &mut at);
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let rows = order.len();
        for n in 0..rows {
            let row = &mut order[if down { n } else { rows - 1 - n }];
            let key = |place: &usize| {
                let of = &places[*place];
                let neighbours = if down { &of.above } else { &of.below };
                mean(neighbours, &at).unwrap_or(at[*place])
            };
            let mut keyed: Vec<(f32, usize)> = row.iter().map(|place| (key(place), *place)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            row.clear();
            row.extend(keyed.into_iter().map(|(_, place)| place));
            note(row, &mut at);
        }
    }
}

/// Moves the places of each row to the mean of their neighbours, without changing their order.
fn align(order: &[Vec<usize>], places: &mut [Place]) {
    for row in order {
        let mut x = 0.0;
        for place in row {
            let half = places[*place].half();
            places[*place].x = x + half;
            x += 2.0 * half;
        }
        for place in row {
            places[*place].x -= x / 2.0;
        }
    }
    let mut x: Vec<f32> = places.iter().map(|place| place.x).collect();
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        for n in 0..order.len() {
            let row = &order[if down { n } else { order.len() - 1 - n }];
            let wanted: Vec<(f32, f32, f32)> = row
                .iter()
                .map(|place| {
                    let of = &places[*place];
                    // Both sides count: with one alone, a chain with skips would lean to one side.
                    let neighbours = of.above.iter().chain(&of.below).map(|n| x[*n]);
                    let count = of.above.len() + of.below.len();
                    let wish = if count > 0 { neighbours.sum::<f32>() / count as f32 } else { x[*place] };
                    // Lanes bend least.
                    (wish, of.half(), if of.node.is_some() { 1.0 } else { 4.0 })
                })
                .collect();
            for (place, at) in row.iter().zip(placed(&wanted)) {
                x[*place] = at;
            }
        }
    }
    for (place, x) in places.iter_mut().zip(x) {
        place.x = x;
    }
}

/// The places nearest to those that are wished for, with the least squares, of what needs room: (wish, half width, weight).
/// Neighbours that would overlap are pooled into blocks that move as one (the pool-adjacent-violators algorithm).
fn placed(wanted: &[(f32, f32, f32)]) -> Vec<f32> {
    // Where each would stand if the first stood at 0.
    let mut shifts = Vec::with_capacity(wanted.len());
    let mut shift = 0.0;
    for (n, (_, half, _)) in wanted.iter().enumerate() {
        if n > 0 {
            shift += wanted[n - 1].1 + half;
        }
        shifts.push(shift);
    }
    // (mean, weight, how many)
    let mut blocks: Vec<(f32, f32, usize)> = Vec::new();
    for ((wish, _, weight), shift) in wanted.iter().zip(&shifts) {
        blocks.push((wish - shift, *weight, 1));
        while let [.., a, b] = blocks[..] {
            if a.0 <= b.0 {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            let weight = a.1 + b.1;
            blocks.push(((a.0 * a.1 + b.0 * b.1) / weight, weight, a.2 + b.2));
        }
    }
    let starts = blocks.into_iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean, count));
    starts.zip(shifts).map(|(start, shift)| start + shift).collect()
}

fn mean(of: &[usize], values: &[f32]) -> Option<f32> {
    (!of.is_empty()).then(|| of.iter().map(|n| values[*n]).sum::<f32>() / of.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes of a row don't overlap, and no wire runs through a node that it doesn't belong to.
    fn is_clear(diagram: &Diagram) {
        for row in &diagram.rows {
            for pair in row.windows(2) {
                let apart = diagram.nodes[pair[1]][0] - diagram.nodes[pair[0]][0];
                assert!(apart >= NODE[0], "{pair:?} are {apart} apart");
            }
        }
        for wire in &diagram.wires {
            assert!(wire.ends[0][1] < wire.ends[1][1], "downwards");
        }
    }

    #[test]
    fn a_chain_is_straight() {
        let wires: Vec<_> = (0..9).map(|n| (n, n + 1)).collect();
        let diagram = Diagram::of(10, &wires);
        assert!(diagram.nodes.iter().all(|at| (at[0] - diagram.nodes[0][0]).abs() < 0.5));
        assert_eq!(diagram.nodes[9][1] - diagram.nodes[0][1], 9.0 * ROW);
        assert_eq!(diagram.wires.len(), 9);
        is_clear(&diagram);
    }

    #[test]
    fn branches_stand_side_by_side_and_join_in_the_middle() {
        // 0 → 1, 2, 3 → 4
        let diagram = Diagram::of(5, &[(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)]);
        assert_eq!(diagram.rows, [vec![0], vec![1, 2, 3], vec![4]]);
        assert!((diagram.nodes[0][0] - diagram.nodes[2][0]).abs() < 0.5);
        assert!((diagram.nodes[4][0] - diagram.nodes[2][0]).abs() < 0.5);
        is_clear(&diagram);
    }

    #[test]
    fn a_skip_runs_beside_what_it_skips() {
        // A residual block: 0 → 1 → 2 → 3, 0 → 3.
        let diagram = Diagram::of(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
        let lane: Vec<&Wire> = diagram.wires.iter().filter(|wire| wire.skips).collect();
        assert_eq!(lane.len(), 3);
        for wire in &lane[..2] {
            let x = wire.ends[1][0];
            let node = diagram.nodes[if wire.ends[1][1] < 2.0 * ROW { 1 } else { 2 }][0];
            assert!((x - node).abs() > NODE[0] / 2.0, "{x} runs through the node at {node}");
        }
        assert_eq!(lane[2].target, Some(3));
        is_clear(&diagram);
    }

    #[test]
    fn two_skips_from_one_node_share_their_lane() {
        let diagram = Diagram::of(5, &[(0, 1), (1, 2), (2, 3), (3, 4), (0, 3), (0, 4)]);
        assert_eq!(diagram.wires.iter().filter(|wire| wire.target.is_none()).count(), 3);
    }

    #[test]
    fn any_graph_is_laid_out_without_overlaps_and_in_time() {
        let mut seed = 7u32;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below.max(1)
        };
        for nodes in [0, 1, 2, 7, 60, 2000] {
            let mut wires = Vec::new();
            for to in 1..nodes {
                for _ in 0..=random(2) {
                    // Mostly the node before, sometimes one far above.
                    let back = if random(5) == 0 { 1 + random(to.min(80)) } else { 1 + random(to.min(3)) };
                    wires.push((to - back.min(to), to));
                }
            }
            let begin = std::time::Instant::now();
            let diagram = Diagram::of(nodes, &wires);
            assert!(begin.elapsed().as_secs() < 5);
            assert_eq!(diagram.nodes.len(), nodes);
            is_clear(&diagram);
            for (node, [x, y]) in diagram.nodes.iter().enumerate() {
                assert_eq!(diagram.node_at(*x, *y), Some(node));
                assert!((0.0..=diagram.width).contains(x) && (0.0..=diagram.height).contains(y));
            }
            let all = diagram.wires_of(0..diagram.rows.len());
            assert_eq!(all.count(), diagram.wires.len());
        }
    }

    #[test]
    fn a_wire_without_a_lane_is_seen_in_all_rows_that_it_crosses() {
        // More lanes than are made: a chain with a skip from each node to the last.
        let nodes = 500;
        let chain = (0..nodes - 1).map(|n| (n, n + 1));
        let wires: Vec<_> = chain.chain((0..nodes - 2).map(|n| (n, nodes - 1))).collect();
        let diagram = Diagram::of(nodes, &wires);
        let is_long = |wire: &&Wire| wire.skips && wire.source == 3;
        assert_eq!(diagram.wires_of(400..402).filter(is_long).count(), 1);
    }

    #[test]
    fn what_is_seen_is_found_by_its_rows() {
        let wires: Vec<_> = (0..99).map(|n| (n, n + 1)).collect();
        let diagram = Diagram::of(100, &wires);
        assert_eq!(diagram.rows_between(-50.0, 2.5 * ROW), 0..3);
        assert_eq!(diagram.rows_between(98.5 * ROW, 400.0 * ROW), 98..100);
        assert_eq!(diagram.wires_of(10..12).count(), 3, "those that lead into row 10 as well");
        assert_eq!(diagram.node_at(diagram.nodes[3][0], 3.0 * ROW), None, "between two rows");
    }
}
