//! Chooses a mode of a camera.

use super::Mode;
use crate::frame::PixelFormat;
use crate::source::CameraRequest;

/// At fewer frames per second, motion does not look smooth.
const SMOOTH: f64 = 24.0;
/// More frames per second than this are rarely worth the time to decode them. 29.97 and 30 count as the same.
const ENOUGH: f64 = 30.0;

/// Returns the mode nearest to the request. Without a request, the largest up to 1280×720 with at least 24 frames per
/// second. `None` if there is no mode at all.
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

/// Returns the request for a camera's largest mode, at whatever rate, if it is larger than frames of this size.
#[must_use]
pub fn larger(modes: &[Mode], (width, height): (u32, u32)) -> Option<CameraRequest> {
    let area = |mode: &&Mode| u64::from(mode.width) * u64::from(mode.height);
    let largest = modes.iter().filter(|mode| mode.interval.0 > 0 && mode.interval.1 > 0).max_by_key(area)?;
    (area(&largest) > u64::from(width) * u64::from(height))
        .then(|| CameraRequest { size: Some((largest.width, largest.height)), ..CameraRequest::default() })
}

/// Ranks a mode. Greater is better; the first number that differs decides.
fn rank(mode: &Mode, request: &CameraRequest) -> [f64; 6] {
    let area = f64::from(mode.width) * f64::from(mode.height);
    let fps = mode.fps();
    let hd = area > 640.0 * 480.0;
    // USB 2 is too slow for raw HD at 30 frames per second. Raw VGA fits, and needs no decoding.
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
    let smooth = request.fps.is_some() || fps >= SMOOTH - 0.5;
    let usable = f64::from(u8::from(fits)) + f64::from(u8::from(smooth));
    // If no mode is good, the smallest is probably the fastest.
    let size = if fits && smooth { area } else { -area };
    // A rate above 30 ranks just below 30, so that 60 is still better than 25.
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
    fn mjpeg_in_hd_is_chosen_before_larger_sizes() {
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
    fn without_a_smooth_hd_mode_raw_vga_is_chosen() {
        let modes = [
            mode(PixelFormat::Yuyv, 1280, 720, 10),
            mode(PixelFormat::Mjpeg, 640, 480, 30),
            mode(PixelFormat::Yuyv, 640, 480, 30),
        ];
        assert_eq!(choose(&modes, &CameraRequest::default()), Some(modes[2]));
    }

    #[test]
    fn the_mode_nearest_to_the_request_is_chosen() {
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
    fn the_largest_mode_is_found_if_it_is_larger() {
        let modes = [
            mode(PixelFormat::Mjpeg, 1280, 720, 30),
            mode(PixelFormat::Yuyv, 2592, 1944, 2),
            mode(PixelFormat::Mjpeg, 2592, 1944, 15),
        ];
        let request = larger(&modes, (1280, 720)).expect("a larger mode");
        assert_eq!(choose(&modes, &request), Some(modes[2]));
        assert_eq!(larger(&modes, (2592, 1944)), None);
        assert_eq!(larger(&[], (1, 1)), None);
    }

    #[test]
    fn slow_and_huge_modes_are_better_than_none() {
        let modes = [mode(PixelFormat::Mjpeg, 3840, 2160, 5), mode(PixelFormat::Mjpeg, 1280, 720, 5)];
        assert_eq!(choose(&modes, &CameraRequest::default()), Some(modes[1]));
        assert_eq!(choose(&[], &CameraRequest::default()), None);
    }
}
