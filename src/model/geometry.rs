//! How a frame was fitted into the network's input: computed once, carried along for the way back.

use super::spec::{Fit, Size};

/// The map between frame pixels and input pixels: `input = frame · scale + offset`, an axis each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// Frame width and height.
    pub frame: (u32, u32),
    /// Input width and height.
    pub input: (u32, u32),
    /// Input pixels a frame pixel, x and y.
    pub scale: [f32; 2],
    /// Where the frame's corner lies in the input; negative where it was cut off.
    pub offset: [f32; 2],
    /// Width and height of the whole scaled frame, in input pixels.
    pub scaled: (u32, u32),
}

impl Geometry {
    /// Fits a frame into an input. Letterbox arithmetic is that of Ultralytics (`rounded`, `centred`) and of
    /// YOLOX (neither), pixel for pixel.
    #[must_use]
    pub fn new(frame: (u32, u32), size: Size, fit: Fit) -> Self {
        let (fw, fh) = (f64::from(frame.0.max(1)), f64::from(frame.1.max(1)));
        let (bw, bh) = size.bound();
        let (mut iw, mut ih) = (bw.max(1), bh.max(1));
        let (scaled, offset) = match fit {
            Fit::Stretch => ((iw, ih), [0.0, 0.0]),
            Fit::Letterbox { centred, rounded, .. } => {
                let r = (f64::from(iw) / fw).min(f64::from(ih) / fh);
                let cut = |v: f64| if rounded { v.round_ties_even() } else { v.floor() };
                let scaled = ((cut(fw * r) as u32).clamp(1, iw), (cut(fh * r) as u32).clamp(1, ih));
                if let Size::Dynamic { stride, .. } = size {
                    // The smallest rectangle of whole strides that holds the scaled frame.
                    let stride = stride.max(1);
                    iw = scaled.0.div_ceil(stride) * stride;
                    ih = scaled.1.div_ceil(stride) * stride;
                }
                let pad = |whole: u32, part: u32| {
                    // Half the rest; an odd pixel goes right or below.
                    (f64::from(whole - part) / 2.0 - 0.1).round_ties_even().max(0.0) as f32
                };
                let offset = if centred { [pad(iw, scaled.0), pad(ih, scaled.1)] } else { [0.0; 2] };
                (scaled, offset)
            }
            Fit::CentreCrop { resize } => {
                // The rounding of torchvision's Resize and CenterCrop.
                let short = u64::from(frame.0.min(frame.1).max(1));
                let side = |n: u32| {
                    u32::try_from(u64::from(resize.max(1)) * u64::from(n.max(1)) / short).unwrap_or(u32::MAX)
                };
                let scaled = (side(frame.0), side(frame.1));
                let shift = |whole: u32, part: u32| {
                    if part < whole {
                        ((whole - part) / 2) as f32
                    } else {
                        -(f64::from(part - whole) / 2.0).round_ties_even() as f32
                    }
                };
                (scaled, [shift(iw, scaled.0), shift(ih, scaled.1)])
            }
            Fit::StretchCrop { width, height } => {
                let scaled = (width.max(1), height.max(1));
                // The rounding of transformers' center_crop: what is cut goes down, what is padded up.
                let shift = |whole: u32, part: u32| {
                    if part < whole {
                        (whole - part).div_ceil(2) as f32
                    } else {
                        -(((part - whole) / 2) as f32)
                    }
                };
                (scaled, [shift(iw, scaled.0), shift(ih, scaled.1)])
            }
        };
        Self {
            frame,
            input: (iw, ih),
            scale: [(f64::from(scaled.0) / fw) as f32, (f64::from(scaled.1) / fh) as f32],
            offset,
            scaled,
        }
    }

    /// An input position in frame pixels.
    #[must_use]
    pub fn to_frame(&self, x: f32, y: f32) -> [f32; 2] {
        [(x - self.offset[0]) / self.scale[0], (y - self.offset[1]) / self.scale[1]]
    }

    /// A frame position in input pixels.
    #[must_use]
    pub fn to_input(&self, x: f32, y: f32) -> [f32; 2] {
        [x * self.scale[0] + self.offset[0], y * self.scale[1] + self.offset[1]]
    }

    /// A box x1, y1, x2, y2 of the input in frame pixels, not clipped.
    #[must_use]
    pub fn box_to_frame(&self, b: [f32; 4]) -> [f32; 4] {
        let [x1, y1] = self.to_frame(b[0], b[1]);
        let [x2, y2] = self.to_frame(b[2], b[3]);
        [x1, y1, x2, y2]
    }

    /// A box cut at the frame's edges.
    #[must_use]
    pub fn clip(&self, b: [f32; 4]) -> [f32; 4] {
        let (w, h) = (self.frame.0 as f32, self.frame.1 as f32);
        [b[0].clamp(0.0, w), b[1].clamp(0.0, h), b[2].clamp(0.0, w), b[3].clamp(0.0, h)]
    }

    /// What of the frame the input covers, x1, y1, x2, y2 in frame pixels (more than the frame where padded).
    #[must_use]
    pub fn covered(&self) -> [f32; 4] {
        self.box_to_frame([0.0, 0.0, self.input.0 as f32, self.input.1 as f32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTERBOX: Fit = Fit::Letterbox { pad: 114, centred: true, rounded: true };
    const TOP_LEFT: Fit = Fit::Letterbox { pad: 114, centred: false, rounded: false };

    #[test]
    fn a_letterbox_is_that_of_ultralytics() {
        let g = Geometry::new((1280, 720), Size::Fixed { width: 640, height: 640 }, LETTERBOX);
        assert_eq!((g.scaled, g.offset), ((640, 360), [0.0, 140.0]));
        // 810×1080 → 480×640; an odd rest: 641 rows less 640 leave the one pixel below.
        let g = Geometry::new((810, 1080), Size::Fixed { width: 640, height: 641 }, LETTERBOX);
        assert_eq!((g.scaled, g.offset), ((481, 641), [79.0, 0.0]));
    }

    #[test]
    fn a_dynamic_input_takes_the_smallest_rectangle() {
        let size = Size::Dynamic { width: 640, height: 640, stride: 32 };
        let g = Geometry::new((1280, 720), size, LETTERBOX);
        assert_eq!((g.input, g.offset), ((640, 384), [0.0, 12.0]));
    }

    #[test]
    fn yolox_rounds_down_and_pads_below() {
        let g = Geometry::new((768, 576), Size::Fixed { width: 416, height: 416 }, TOP_LEFT);
        assert_eq!((g.scaled, g.offset), ((416, 312), [0.0, 0.0]));
    }

    #[test]
    fn a_centre_crop_keeps_the_middle() {
        let g = Geometry::new(
            (810, 1080),
            Size::Fixed { width: 224, height: 224 },
            Fit::CentreCrop { resize: 256 },
        );
        assert_eq!((g.scaled, g.offset), ((256, 341), [-16.0, -58.0]));
        // The longer side is cut to whole pixels (455.1), the offset is rounded (115.5 to the even 116).
        let size = Size::Fixed { width: 224, height: 224 };
        let g = Geometry::new((1280, 720), size, Fit::CentreCrop { resize: 256 });
        assert_eq!((g.scaled, g.offset), ((455, 256), [-116.0, -16.0]));
        let g = Geometry::new((1280, 720), size, Fit::StretchCrop { width: 256, height: 257 });
        assert_eq!((g.scaled, g.offset), ((256, 257), [-16.0, -16.0]));
        // torchvision: Resize(200) then CenterCrop(225) pads (225 − 200) // 2 on the left and above.
        let size = Size::Fixed { width: 225, height: 225 };
        let g = Geometry::new((100, 100), size, Fit::CentreCrop { resize: 200 });
        assert_eq!((g.scaled, g.offset), ((200, 200), [12.0, 12.0]));
    }

    proptest::proptest! {
        #[test]
        fn there_and_back_is_the_same_place(
            w in 1u32..5000, h in 1u32..5000, iw in 1u32..1500, ih in 1u32..1500,
            x in 0.0f32..1.0, y in 0.0f32..1.0, kind in 0..4,
        ) {
            let fit = [LETTERBOX, TOP_LEFT, Fit::Stretch, Fit::CentreCrop { resize: iw.min(ih) }][kind as usize];
            let g = Geometry::new((w, h), Size::Fixed { width: iw, height: ih }, fit);
            let (x, y) = (x * w as f32, y * h as f32);
            let [ix, iy] = g.to_input(x, y);
            let [bx, by] = g.to_frame(ix, iy);
            proptest::prop_assert!((bx - x).abs() <= 1e-3 * w as f32 && (by - y).abs() <= 1e-3 * h as f32);
            if !matches!(fit, Fit::CentreCrop { .. }) {
                proptest::prop_assert!(ix >= -0.5 && ix <= iw as f32 + 0.5 && iy >= -0.5 && iy <= ih as f32 + 0.5);
            }
        }
    }
}
