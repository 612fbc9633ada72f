//! What is done with every pixel: loops over whole rows, without a branch, which the compiler turns into vector code.
//!
//! A pixel is taken as one 32-bit number, so that its channels come apart by shifts and masks; three channels are then
//! worked on side by side and end as planes. Every function is inlined into its caller, which says for which processor.
#![expect(
    clippy::inline_always,
    reason = "a row's loop takes the vector width of the function that it ends in"
)]

/// How a plane's bytes become the network's numbers: byte · gain + bias.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaling {
    pub gain: f32,
    pub bias: f32,
}

impl Scaling {
    #[inline(always)]
    pub(super) fn of(self, byte: i32) -> f32 {
        byte as f32 * self.gain + self.bias
    }
}

/// One row of each plane: red, green, blue.
pub(super) type Planes<'a, T> = [&'a mut [T]; 3];

/// Red and blue, 16 bits apart.
const EVEN: u32 = 0x00ff_00ff;

#[inline(always)]
fn number(pixel: [u8; 4]) -> u32 {
    u32::from_le_bytes(pixel)
}

/// A row whose size stays.
#[inline(always)]
pub(super) fn same(source: &[[u8; 4]], out: Planes<'_, f32>, scaling: [Scaling; 3]) {
    let [red, green, blue] = out;
    for (((pixel, red), green), blue) in source.iter().zip(red).zip(green).zip(blue) {
        let v = number(*pixel);
        *red = scaling[0].of((v & 0xff) as i32);
        *green = scaling[1].of((v >> 8 & 0xff) as i32);
        *blue = scaling[2].of((v >> 16 & 0xff) as i32);
    }
}

/// Two rows at half their size: the mean of four pixels. `above` and `below` hold two pixels for each of `out`.
#[inline(always)]
pub(super) fn halve(above: &[[u8; 4]], below: &[[u8; 4]], out: Planes<'_, f32>, scaling: [Scaling; 3]) {
    const HALF: u32 = 0x0002_0002;
    let [red, green, blue] = out;
    let (above, below) = (above.as_chunks::<2>().0, below.as_chunks::<2>().0);
    let planes = red.iter_mut().zip(green).zip(blue);
    for ((a, b), ((red, green), blue)) in above.iter().zip(below).zip(planes) {
        let four = [a[0], a[1], b[0], b[1]].map(number);
        // Sums of four bytes need ten bits; two of them fit into one number without touching each other.
        let even = four.iter().fold(HALF, |sum, v| sum + (v & EVEN));
        let odd = four.iter().fold(HALF, |sum, v| sum + (v >> 8 & EVEN));
        *red = scaling[0].of((even >> 2 & 0xff) as i32);
        *green = scaling[1].of((odd >> 2 & 0xff) as i32);
        *blue = scaling[2].of((even >> 18) as i32);
    }
}

/// Fetches the two neighbours that each output pixel lies between: `first` and the one after it.
#[inline(always)]
pub(super) fn gather(source: &[[u8; 4]], first: &[u32], out: &mut [[[u8; 4]; 2]]) {
    if let [only] = source {
        out.fill([*only, *only]);
        return;
    }
    // The same row without its first pixel, both cut to one length: one comparison a pixel guards both.
    let Some((_, next)) = source.split_first() else { return };
    let source = &source[..next.len()];
    let last = next.len() - 1;
    for (pair, at) in out.iter_mut().zip(first) {
        let at = (*at as usize).min(last);
        *pair = [source[at], next[at]];
    }
}

/// Resizes a row across: `(a · wa + b · wb) / 16` a channel, so values times 128. Weights are of 11 bits.
#[inline(always)]
pub(super) fn across(pairs: &[[[u8; 4]; 2]], weights: [&[u16]; 2], out: Planes<'_, i16>) {
    let [red, green, blue] = out;
    let weights = weights[0].iter().zip(weights[1]);
    let planes = red.iter_mut().zip(green).zip(blue);
    for (([a, b], (wa, wb)), ((red, green), blue)) in pairs.iter().zip(weights).zip(planes) {
        let (a, b) = (number(*a), number(*b));
        let (wa, wb) = (u32::from(*wa), u32::from(*wb));
        *red = (((a & 0xff) * wa + (b & 0xff) * wb) >> 4) as i16;
        *green = (((a >> 8 & 0xff) * wa + (b >> 8 & 0xff) * wb) >> 4) as i16;
        *blue = (((a >> 16 & 0xff) * wa + (b >> 16 & 0xff) * wb) >> 4) as i16;
    }
}

/// Resizes two rows of [`across`] down to one, of one plane.
#[inline(always)]
pub(super) fn down(above: &[i16], below: &[i16], weights: [i16; 2], out: &mut [f32], scaling: Scaling) {
    // Both products are cut to their upper 16 bits before they are added, as OpenCV does.
    let upper = |value: i16, weight: i16| ((i32::from(value) * i32::from(weight)) >> 16) as i16;
    for ((value, a), b) in out.iter_mut().zip(above).zip(below) {
        let byte = (upper(*a, weights[0]) + upper(*b, weights[1]) + 2) >> 2;
        *value = scaling.of(i32::from(byte));
    }
}
