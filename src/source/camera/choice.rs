//! Which mode of a camera to take.

use super::Mode;
use crate::frame::PixelFormat;
use crate::source::CameraRequest;

/// Fewer frames a second than this look like single images.
const FLUENT: f64 = 24.0;
/// More than this is rarely worth its decoding (29.97 and 30 count as the same wish).
const ENOUGH: f64 = 30.0;

/// The mode nearest to what is asked for; where nothing is, the largest with at least 24 frames a second up to
/// 1280×720. `None` where there is no mode at all.
#[must_use]
pub fn choose(modes: &[Mode], request: &CameraRequest) -> Option<Mode> {
    modes
        .iter()
        .copied()
        .filter(|mode| mode.width > 0 && mode.height > 0 && mode.interval.0 > 0 && mode.interval.1 > 0)
        .max_by(|a, b| {
            let rank = |m: &Mode| rank(m, request);
            rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal)
        })
}

/// Greater is better; compared from the first number on.
fn rank(mode: &Mode, request: &CameraRequest) -> [f64; 6] {
    let area = f64::from(mode.width) * f64::from(mode.height);
    let fps = mode.fps();
    let hd = area > 640.0 * 480.0;
    // Raw HD doesn't fit through USB 2 at speed; raw VGA does, and needs no decompression.
    let format = match mode.format {
        PixelFormat::Mjpeg if hd => 3.0,
        PixelFormat::Yuyv | PixelFormat::Nv12 => 2.0,
        PixelFormat::Mjpeg => 1.0,
        _ => 0.0,
    };
    let wanted_format = f64::from(u8::from(request.format.is_none_or(|f| f == mode.format)));
    let wanted_size = request
        .size
        .map_or(0.0, |(w, h)| -(f64::from(w.abs_diff(mode.width)) + f64::from(h.abs_diff(mode.height))));
    let wanted_fps = request.fps.map_or(0.0, |want| -(fps - f64::from(want)).abs());
    let fits = request.size.is_some() || (mode.width <= 1280 && mode.height <= 720);
    let fluent = request.fps.is_some() || fps >= FLUENT - 0.5;
    let usable = f64::from(u8::from(fits)) + f64::from(u8::from(fluent));
    // Among modes that all fall short, the smaller is the more fluent one.
    let size = if fits && fluent { area } else { -area };
    // Any rate above is just below 30, so that 60 stays better than 25.
    let rate = if fps <= ENOUGH { fps } else { ENOUGH - 0.1 - (fps - ENOUGH) / 1000.0 };
    [wanted_format, wanted_size + wanted_fps, usable, size, rate, format]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(format: PixelFormat, width: u32, height: u32, fps: u32) -> Mode {
        Mode { format, width, height, interval: (1, fps) }
    }

    #[test]
    fn hd_comes_as_mjpeg_and_not_larger() {
        let modes = [
            mode(PixelFormat::Yuyv, 640, 480, 30),
            mode(PixelFormat::Yuyv, 1280, 720, 10),
            mode(PixelFormat::Mjpeg, 1280, 720, 30),
            mode(PixelFormat::Mjpeg, 1280, 720, 60),
            mode(PixelFormat::Mjpeg, 1920, 1080, 30),
        ];
        assert_eq!(choose(&modes, &CameraRequest::default()), Some(modes[2]));
    }

    #[test]
    fn without_a_fluent_hd_mode_vga_is_taken_raw() {
        let modes = [
            mode(PixelFormat::Yuyv, 1280, 720, 10),
            mode(PixelFormat::Mjpeg, 640, 480, 30),
            mode(PixelFormat::Yuyv, 640, 480, 30),
        ];
        assert_eq!(choose(&modes, &CameraRequest::default()), Some(modes[2]));
    }

    #[test]
    fn what_is_asked_for_is_met_as_nearly_as_can_be() {
        let modes = [
            mode(PixelFormat::Mjpeg, 1920, 1080, 30),
            mode(PixelFormat::Mjpeg, 640, 480, 30),
            mode(PixelFormat::Yuyv, 640, 480, 15),
        ];
        let ask = |format, size, fps| choose(&modes, &CameraRequest { format, size, fps });
        assert_eq!(ask(None, Some((1920, 1080)), None), Some(modes[0]));
        assert_eq!(ask(Some(PixelFormat::Yuyv), None, None), Some(modes[2]));
        assert_eq!(ask(None, Some((600, 500)), Some(30)), Some(modes[1]));
    }

    #[test]
    fn only_slow_or_huge_modes_still_give_one() {
        let modes = [mode(PixelFormat::Mjpeg, 3840, 2160, 5), mode(PixelFormat::Mjpeg, 1280, 720, 5)];
        assert_eq!(choose(&modes, &CameraRequest::default()), Some(modes[1]));
        assert_eq!(choose(&[], &CameraRequest::default()), None);
    }
}
