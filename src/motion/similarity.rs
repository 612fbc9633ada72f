//! Shift, rotation and scale, as one transform of the plane.

/// A shift, a rotation and a scale: (x, y) → (a·x − b·y + tx, b·x + a·y + ty), in pixels of the frame. `a` is the scale times the
/// cosine of the angle, `b` the scale times its sine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    pub a: f32,
    pub b: f32,
    pub tx: f32,
    pub ty: f32,
}

impl Default for Similarity {
    fn default() -> Self {
        Self::IDENTITY
    }
}

impl Similarity {
    /// Nothing moves.
    pub const IDENTITY: Self = Self { a: 1.0, b: 0.0, tx: 0.0, ty: 0.0 };

    /// Returns where a point goes.
    #[must_use]
    pub fn apply(self, [x, y]: [f32; 2]) -> [f32; 2] {
        [self.a * x - self.b * y + self.tx, self.b * x + self.a * y + self.ty]
    }

    /// Returns the transform that does this one first and then `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let [tx, ty] = next.apply([self.tx, self.ty]);
        Self { a: next.a * self.a - next.b * self.b, b: next.b * self.a + next.a * self.b, tx, ty }
    }

    /// How much larger things become.
    #[must_use]
    pub fn scale(self) -> f32 {
        self.a.hypot(self.b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_transforms_one_after_the_other_are_one() {
        let turn = Similarity { a: 0.0, b: 2.0, tx: 1.0, ty: 0.0 };
        let shift = Similarity { tx: 3.0, ty: 4.0, ..Similarity::IDENTITY };
        assert_eq!(turn.apply([1.0, 0.0]), [1.0, 2.0]);
        assert_eq!(turn.then(shift).apply([1.0, 0.0]), [4.0, 6.0]);
        assert_eq!(shift.then(turn).apply([1.0, 0.0]), turn.apply([4.0, 4.0]));
        assert_eq!(turn.scale(), 2.0);
    }
}
