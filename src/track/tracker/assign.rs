//! Who belongs to whom at the lowest total cost.
//!
//! Our own, because no crate fits a loop that must not allocate: `pathfinding::kuhn_munkres` takes whole-number weights, wants a
//! matrix of its own type with no more rows than columns and allocates eight vectors a call; `lapjv` takes square matrices of
//! `f64` from `ndarray` and allocates too. Here pairs that are out of the question are left out first, so that a scene
//! falls into small groups which don't compete, and each group is solved exactly by shortest augmenting paths
//! (Jonker and Volgenant).

/// A pair that may belong together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    pub row: usize,
    pub column: usize,
    /// What it costs to join them: 0.. below 1. Leaving both alone costs 1.
    pub cost: f32,
}

/// Finds assignments; keeps its buffers.
#[derive(Debug, Default)]
pub struct Assignment {
    /// For each row, and after them for each column: its group, as a forest of parents.
    parents: Vec<usize>,
    /// Candidates in the order of their groups, with the group.
    ordered: Vec<(usize, Candidate)>,
    /// The place of each row or column within its group.
    places: Vec<usize>,
    rows: Vec<usize>,
    columns: Vec<usize>,
    costs: Vec<f32>,
    solver: Solver,
}

/// Buffers of the algorithm for one group, counted from 1 as usual for it; 0 stands for "none".
#[derive(Debug, Default)]
struct Solver {
    row_price: Vec<f32>,
    column_price: Vec<f32>,
    row_of: Vec<usize>,
    way: Vec<usize>,
    shortest: Vec<f32>,
    done: Vec<bool>,
}

const NONE: usize = usize::MAX;

impl Assignment {
    /// Calls `join` with the row and the column of each pair of the cheapest assignment.
    pub fn solve(
        &mut self,
        row_count: usize,
        column_count: usize,
        candidates: &[Candidate],
        mut join: impl FnMut(usize, usize),
    ) {
        self.parents.clear();
        self.parents.extend(0..row_count + column_count);
        for candidate in candidates {
            let (a, b) = (self.root(candidate.row), self.root(row_count + candidate.column));
            self.parents[a.max(b)] = a.min(b);
        }
        self.ordered.clear();
        for candidate in candidates {
            let group = self.root(candidate.row);
            self.ordered.push((group, *candidate));
        }
        self.ordered.sort_unstable_by_key(|(group, c)| (*group, c.row, c.column));
        self.places.clear();
        self.places.resize(row_count + column_count, NONE);
        let mut first = 0;
        while let Some(&(group, only)) = self.ordered.get(first) {
            let length = self.ordered[first..].iter().take_while(|(other, _)| *other == group).count();
            if length == 1 {
                join(only.row, only.column);
            } else {
                self.solve_group(first, length, row_count, &mut join);
            }
            first += length;
        }
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parents[node] != node {
            self.parents[node] = self.parents[self.parents[node]];
            node = self.parents[node];
        }
        node
    }

    fn solve_group(
        &mut self,
        first: usize,
        length: usize,
        row_count: usize,
        join: &mut impl FnMut(usize, usize),
    ) {
        self.rows.clear();
        self.columns.clear();
        for (_, candidate) in &self.ordered[first..first + length] {
            if self.places[candidate.row] == NONE {
                self.places[candidate.row] = self.rows.len();
                self.rows.push(candidate.row);
            }
            let column = row_count + candidate.column;
            if self.places[column] == NONE {
                self.places[column] = self.columns.len();
                self.columns.push(candidate.column);
            }
        }
        // The algorithm wants no more rows than columns.
        let turned = self.rows.len() > self.columns.len();
        let (rows, columns) = if turned { (&self.columns, &self.rows) } else { (&self.rows, &self.columns) };
        let width = columns.len();
        self.costs.clear();
        self.costs.resize(rows.len() * width, 1.0);
        for (_, candidate) in &self.ordered[first..first + length] {
            let (row, column) = (self.places[candidate.row], self.places[row_count + candidate.column]);
            let (row, column) = if turned { (column, row) } else { (row, column) };
            self.costs[row * width + column] = candidate.cost;
        }
        self.solver.solve(&self.costs, rows.len(), width);
        for (column, &row) in self.solver.row_of.iter().enumerate().skip(1) {
            if row > 0 && self.costs[(row - 1) * width + column - 1] < 1.0 {
                let (row, column) = (rows[row - 1], columns[column - 1]);
                if turned { join(column, row) } else { join(row, column) }
            }
        }
    }
}

impl Solver {
    /// Leaves in `row_of` the row of each column. `height` ≤ `width`.
    fn solve(&mut self, costs: &[f32], height: usize, width: usize) {
        reset(&mut self.row_price, height + 1, 0.0);
        reset(&mut self.column_price, width + 1, 0.0);
        reset(&mut self.row_of, width + 1, 0);
        reset(&mut self.way, width + 1, 0);
        for row in 1..=height {
            self.row_of[0] = row;
            let mut column = 0;
            reset(&mut self.shortest, width + 1, f32::INFINITY);
            reset(&mut self.done, width + 1, false);
            loop {
                self.done[column] = true;
                let from = self.row_of[column];
                let line = &costs[(from - 1) * width..from * width];
                let (mut step, mut next) = (f32::INFINITY, 0);
                for other in 1..=width {
                    if self.done[other] {
                        continue;
                    }
                    let reduced = line[other - 1] - self.row_price[from] - self.column_price[other];
                    if reduced < self.shortest[other] {
                        self.shortest[other] = reduced;
                        self.way[other] = column;
                    }
                    if self.shortest[other] < step {
                        (step, next) = (self.shortest[other], other);
                    }
                }
                for other in 0..=width {
                    if self.done[other] {
                        self.row_price[self.row_of[other]] += step;
                        self.column_price[other] -= step;
                    } else {
                        self.shortest[other] -= step;
                    }
                }
                column = next;
                if self.row_of[column] == 0 {
                    break;
                }
            }
            while column != 0 {
                let before = self.way[column];
                self.row_of[column] = self.row_of[before];
                column = before;
            }
        }
    }
}

fn reset<T: Clone>(buffer: &mut Vec<T>, length: usize, value: T) {
    buffer.clear();
    buffer.resize(length, value);
}
