//! The stages beside their floors as bars, in SVG: readable on light and dark pages, nothing from outside.

use std::fmt::Write as _;

use super::{Figures, Stage};

/// Half a stage's height: its bar or its floor's.
const BAR: f64 = 14.0;
const STEP: f64 = 44.0;
const LEFT: f64 = 96.0;
const TOP: f64 = 64.0;
const LONGEST: f64 = 360.0;
const WIDTH: f64 = 720.0;

/// A bar a stage with its median, and under it its floor.
pub(super) fn bars(figures: &Figures) -> String {
    let longest = |s: &Stage| s.least.as_ref().map_or(s.median_ms, |least| least.median_ms.max(s.median_ms));
    let most = figures.stages.iter().map(longest).fold(1e-6, f64::max);
    let height = TOP + STEP * figures.stages.len() as f64 + 12.0;
    let title = escaped(&format!("{} on {}, {}", figures.model, figures.provider, figures.source));
    let threads = crate::cli::predict::text::count_of(figures.threads as u64, "thread");
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\" fill=\"#808080\">\n<title>{title}</title>\n\
         <text x=\"12\" y=\"24\" font-size=\"16\">{title}</text>\n\
         <text x=\"12\" y=\"44\">medians of {} frames, {threads}; below each stage the least it could take</text>\n",
        figures.frames,
    );
    for (number, stage) in figures.stages.iter().enumerate() {
        let y = TOP + STEP * number as f64;
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>",
            LEFT - 10.0,
            y + 12.0,
            stage.name
        );
        let least = stage.least.as_ref();
        let ratio = least.and_then(|l| l.ratio).map_or(String::new(), |ratio| format!(" · {ratio:.2}×"));
        let own = (0.0, stage.median_ms, "#3b82c4", format!("{:.2} ms{ratio}", stage.median_ms));
        let floor =
            least.map(|l| (BAR + 2.0, l.median_ms, "#a0a0a0", format!("{:.2} ms {}", l.median_ms, l.name)));
        for (row, ms, colour, text) in std::iter::once(own).chain(floor) {
            let length = (ms / most * LONGEST).max(1.0);
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{:.0}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{:.0}\">{text}</text>",
                y + row,
                LEFT + length + 8.0,
                y + row + 12.0,
            );
        }
    }
    svg + "</svg>\n"
}

/// Text that can't end an element.
fn escaped(text: &str) -> String {
    let shown = crate::cli::output::printable(text);
    shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
