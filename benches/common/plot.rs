//! Small line plots and bar charts as SVG, readable on light and dark pages.

use std::fmt::Write as _;

/// One line of a plot.
#[derive(Clone, Debug)]
pub struct Line {
    pub name: &'static str,
    pub points: Vec<(f64, f64)>,
}

const COLOURS: [&str; 4] = ["#3b82c4", "#d97706", "#2f9e6e", "#9b5fc0"];
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;

/// The lines from 0 on both axes.
pub fn lines(title: &str, x_name: &str, y_name: &str, lines: &[Line]) -> String {
    let all = || lines.iter().flat_map(|line| line.points.iter().copied());
    let most = |values: &mut dyn Iterator<Item = f64>| nice(values.fold(0.0, f64::max));
    let (x_most, y_most) = (most(&mut all().map(|p| p.0)), most(&mut all().map(|p| p.1)));
    let (left, right, top, bottom) = (64.0, WIDTH - 24.0, 44.0, HEIGHT - 52.0);
    let x = |v: f64| left + v / x_most * (right - left);
    let y = |v: f64| bottom - v / y_most * (bottom - top);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#808080\">\n\
         <title>{title}</title>\n<text x=\"{left}\" y=\"20\" font-size=\"14\">{title}</text>\n"
    );
    for step in 0..=4 {
        let (xv, yv) = (x_most * f64::from(step) / 4.0, y_most * f64::from(step) / 4.0);
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {0:.1}H{right}\" stroke=\"#808080\" stroke-opacity=\".3\"/>\
             <text x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\">{yv}</text>\
             <text x=\"{3:.1}\" y=\"{4}\" text-anchor=\"middle\">{xv}</text>",
            y(yv),
            left - 8.0,
            y(yv) + 4.0,
            x(xv),
            bottom + 18.0,
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x_name}</text><text x=\"{left}\" y=\"{}\" text-anchor=\"end\">{y_name}</text>",
        f64::midpoint(left, right),
        HEIGHT - 14.0,
        top - 12.0,
    );
    for (number, line) in lines.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let points: Vec<String> =
            line.points.iter().map(|p| format!("{:.1},{:.1}", x(p.0), y(p.1))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{}\" y=\"{}\" fill=\"{colour}\">{}</text>",
            points.join(" "),
            left + 12.0,
            top + 16.0 * (number as f64 + 1.0),
            line.name,
        );
    }
    svg + "</svg>\n"
}

/// The next larger of 1, 2, 4 and 8 times a power of ten: quarters of it are short numbers.
fn nice(value: f64) -> f64 {
    let ten = 10f64.powf(value.max(1e-3).log10().floor());
    [1.0, 2.0, 4.0, 8.0, 10.0].map(|n| n * ten).into_iter().find(|n| *n >= value).unwrap_or(value)
}

/// A stage's bar, and under it that of its floor.
#[derive(Clone, Debug)]
pub struct Bars {
    pub name: &'static str,
    pub ms: f64,
    /// What the floor is, and its milliseconds.
    pub floor: Option<(&'static str, f64)>,
}

/// One pair of bars for each stage.
pub fn bars(title: &str, note: &str, stages: &[Bars]) -> String {
    const BAR: f64 = 14.0;
    const STEP: f64 = 44.0;
    const LEFT: f64 = 96.0;
    const TOP: f64 = 64.0;
    const LONGEST: f64 = 360.0;
    let most = stages.iter().map(|s| s.ms.max(s.floor.map_or(0.0, |f| f.1))).fold(1e-6, f64::max);
    let height = TOP + STEP * stages.len() as f64 + 12.0;
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" font-family=\"sans-serif\" \
         font-size=\"13\" fill=\"#808080\">\n<title>{title}</title>\n\
         <text x=\"12\" y=\"24\" font-size=\"16\">{title}</text>\n<text x=\"12\" y=\"44\">{note}</text>\n"
    );
    for (number, Bars { name, ms, floor }) in stages.iter().enumerate() {
        let y = TOP + STEP * number as f64;
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{name}</text>",
            LEFT - 10.0,
            y + 12.0
        );
        let ratio = floor.filter(|f| f.1 >= 1e-3).map_or(String::new(), |f| format!(" · {:.2}×", ms / f.1));
        let own = (0.0, *ms, COLOURS[0], format!("{ms:.2} ms{ratio}"));
        let floor = floor.map(|(name, ms)| (BAR + 2.0, ms, "#a0a0a0", format!("{ms:.2} ms {name}")));
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
