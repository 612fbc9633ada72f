//! Small line icons, drawn: sharp at any size and in any colour, and no glyph that a font may lack.

use std::f32::consts::{PI, TAU};

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, epaint::PathShape, vec2};

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Camera,
    CameraOff,
    Video,
    Image,
    Folder,
    Pattern,
    Shutter,
    Pause,
    Play,
    Previous,
    Next,
    Loop,
    Fast,
    Mirror,
    Figures,
    FullScreen,
    Panel,
    Settings,
    Help,
    Close,
    Check,
    Down,
    Model,
    Warning,
    Star,
    Library,
    Compare,
    Split,
    Tiles,
    Plus,
    Network,
    Bell,
    /// An image with a label on it.
    Labels,
    /// A frame goes into a data set.
    Collect,
    /// The last seconds.
    Last,
    /// Layers one over the other.
    Inside,
    /// A mortarboard.
    Lessons,
    /// Teaching: a mortarboard.
    Teach,
}

/// Draws `icon` into the square around `rect`'s centre.
pub fn draw(painter: &Painter, rect: Rect, icon: Icon, colour: Color32) {
    let side = rect.width().min(rect.height());
    let square = Rect::from_center_size(rect.center(), Vec2::splat(side));
    // Icons are designed on a grid of 24 with a margin of 3.
    let at = |x: f32, y: f32| square.min + vec2(x, y) * (side / 24.0);
    let area = |x1: f32, y1: f32, x2: f32, y2: f32| Rect::from_min_max(at(x1, y1), at(x2, y2));
    let stroke = Stroke::new((side / 24.0 * 1.8).max(1.2), colour);
    let unit = side / 24.0;
    let line = |points: &[(f32, f32)]| {
        painter.add(PathShape::line(points.iter().map(|p| at(p.0, p.1)).collect(), stroke));
    };
    let closed = |points: &[(f32, f32)]| {
        painter.add(PathShape::closed_line(points.iter().map(|p| at(p.0, p.1)).collect(), stroke));
    };
    let solid = |points: &[(f32, f32)]| {
        painter.add(Shape::convex_polygon(
            points.iter().map(|p| at(p.0, p.1)).collect(),
            colour,
            Stroke::NONE,
        ));
    };
    let frame = |r: Rect, radius: f32| {
        painter.rect_stroke(r, radius * unit, stroke, StrokeKind::Middle);
    };
    let arc = |centre: Pos2, radius: f32, from: f32, to: f32| {
        let points = (0..=20)
            .map(|i| centre + radius * unit * Vec2::angled(from + (to - from) * i as f32 / 20.0))
            .collect();
        painter.add(PathShape::line(points, stroke));
    };
    match icon {
        Icon::Camera | Icon::CameraOff => {
            frame(area(3.0, 7.0, 15.5, 17.0), 2.5);
            closed(&[(15.5, 11.0), (21.0, 7.5), (21.0, 16.5), (15.5, 13.0)]);
            if icon == Icon::CameraOff {
                line(&[(4.0, 3.5), (20.0, 20.5)]);
            }
        }
        Icon::Video => {
            frame(area(3.0, 5.0, 21.0, 19.0), 2.5);
            solid(&[(10.0, 9.0), (15.5, 12.0), (10.0, 15.0)]);
        }
        Icon::Image => {
            frame(area(3.0, 5.0, 21.0, 19.0), 2.5);
            painter.circle_filled(at(8.0, 9.5), 1.6 * unit, colour);
            line(&[(5.0, 17.0), (10.5, 12.5), (13.0, 14.5), (16.5, 10.5), (20.0, 14.5)]);
        }
        Icon::Folder => {
            closed(&[(3.0, 6.0), (9.5, 6.0), (11.5, 8.5), (21.0, 8.5), (21.0, 18.5), (3.0, 18.5)]);
        }
        Icon::Pattern => {
            frame(area(3.0, 5.0, 21.0, 19.0), 2.5);
            for x in [7.5, 12.0, 16.5] {
                line(&[(x, 5.0), (x, 19.0)]);
            }
        }
        Icon::Shutter => {
            frame(area(3.0, 7.0, 21.0, 19.0), 3.0);
            line(&[(8.0, 7.0), (9.5, 4.5), (14.5, 4.5), (16.0, 7.0)]);
            painter.circle_stroke(at(12.0, 13.0), 3.4 * unit, stroke);
        }
        Icon::Last => {
            arc(at(12.0, 12.5), 8.0, -PI * 0.75, PI * 0.95);
            solid(&[(3.0, 3.5), (10.2, 5.2), (5.0, 10.3)]);
            line(&[(12.0, 8.0), (12.0, 12.8), (15.5, 14.8)]);
        }
        Icon::Pause => {
            painter.rect_filled(area(7.0, 5.5, 10.2, 18.5), unit, colour);
            painter.rect_filled(area(13.8, 5.5, 17.0, 18.5), unit, colour);
        }
        Icon::Play => solid(&[(8.0, 5.0), (19.0, 12.0), (8.0, 19.0)]),
        Icon::Previous => {
            solid(&[(18.0, 5.5), (18.0, 18.5), (8.5, 12.0)]);
            line(&[(6.5, 5.5), (6.5, 18.5)]);
        }
        Icon::Next => {
            solid(&[(6.0, 5.5), (15.5, 12.0), (6.0, 18.5)]);
            line(&[(17.5, 5.5), (17.5, 18.5)]);
        }
        Icon::Loop => {
            arc(at(12.0, 12.0), 7.0, -0.35 * PI, 1.25 * PI);
            solid(&[(12.6, 2.6), (18.8, 5.4), (13.2, 9.2)]);
        }
        Icon::Fast => {
            solid(&[(4.0, 6.0), (12.0, 12.0), (4.0, 18.0)]);
            solid(&[(12.0, 6.0), (20.0, 12.0), (12.0, 18.0)]);
        }
        Icon::Mirror => {
            line(&[(12.0, 3.5), (12.0, 20.5)]);
            closed(&[(9.0, 6.5), (9.0, 17.5), (3.0, 17.5)]);
            solid(&[(15.0, 6.5), (21.0, 17.5), (15.0, 17.5)]);
        }
        Icon::Figures => {
            line(&[(3.5, 20.0), (20.5, 20.0)]);
            for (x, y) in [(6.5, 13.0), (12.0, 5.0), (17.5, 9.5)] {
                painter.rect_filled(area(x - 1.6, y, x + 1.6, 18.0), unit, colour);
            }
        }
        Icon::FullScreen => {
            for (x, y) in [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)] {
                let corner = |dx: f32, dy: f32| (12.0 - x * (8.0 - dx), 12.0 - y * (7.0 - dy));
                line(&[corner(5.0, 0.0), corner(0.0, 0.0), corner(0.0, 5.0)]);
            }
        }
        Icon::Panel => {
            frame(area(3.0, 5.0, 21.0, 19.0), 2.5);
            line(&[(14.5, 5.0), (14.5, 19.0)]);
        }
        Icon::Settings => {
            for (y, x) in [(6.5, 15.5), (12.0, 8.5), (17.5, 13.5)] {
                line(&[(3.5, y), (x - 2.4, y)]);
                line(&[(x + 2.4, y), (20.5, y)]);
                painter.circle_stroke(at(x, y), 2.3 * unit, stroke);
            }
        }
        Icon::Help => {
            painter.circle_stroke(at(12.0, 12.0), 8.8 * unit, stroke);
            arc(at(12.0, 9.8), 2.6, -0.95 * PI, 0.35 * PI);
            line(&[(13.2, 12.1), (12.0, 13.2), (12.0, 14.2)]);
            painter.circle_filled(at(12.0, 17.0), 1.1 * unit, colour);
        }
        Icon::Close => {
            line(&[(6.0, 6.0), (18.0, 18.0)]);
            line(&[(18.0, 6.0), (6.0, 18.0)]);
        }
        Icon::Check => line(&[(5.0, 12.5), (10.0, 17.5), (19.5, 7.0)]),
        Icon::Down => line(&[(6.5, 9.5), (12.0, 15.0), (17.5, 9.5)]),
        Icon::Model => {
            let nodes = [(5.5, 7.0), (5.5, 17.0), (12.0, 12.0), (18.5, 7.0), (18.5, 17.0)];
            for (x, y) in [nodes[0], nodes[1], nodes[3], nodes[4]] {
                line(&[(x, y), nodes[2]]);
            }
            for (x, y) in nodes {
                painter.circle_filled(at(x, y), 2.6 * unit, colour);
            }
        }
        Icon::Star => {
            let tip = |i: usize| {
                let radius = if i.is_multiple_of(2) { 9.0 } else { 3.9 };
                let at = Vec2::angled(-PI / 2.0 + i as f32 * PI / 5.0) * radius;
                (12.0 + at.x, 12.5 + at.y)
            };
            closed(&std::array::from_fn::<_, 10, _>(tip));
        }
        Icon::Library => {
            for (x, y) in [(3.5, 4.0), (13.5, 4.0), (3.5, 13.5), (13.5, 13.5)] {
                frame(area(x, y, x + 7.0, y + 6.5), 1.5);
            }
        }
        Icon::Compare => {
            // Two overlapping images, the one in front filled at its edge.
            frame(area(3.0, 5.0, 14.0, 16.0), 2.0);
            line(&[(16.5, 9.0), (21.0, 9.0), (21.0, 20.0), (10.0, 20.0), (10.0, 18.2)]);
            line(&[(14.0, 9.0), (16.5, 9.0)]);
        }
        Icon::Split => {
            frame(area(3.0, 5.0, 21.0, 19.0), 2.5);
            line(&[(12.0, 2.5), (12.0, 21.5)]);
        }
        Icon::Tiles => {
            frame(area(2.5, 7.0, 11.0, 17.0), 1.5);
            frame(area(13.0, 7.0, 21.5, 17.0), 1.5);
        }
        Icon::Plus => {
            line(&[(12.0, 5.5), (12.0, 18.5)]);
            line(&[(5.5, 12.0), (18.5, 12.0)]);
        }
        Icon::Bell => {
            // A dome over a rim, the knob above and the clapper below.
            arc(at(12.0, 10.6), 5.6, -PI, 0.0);
            line(&[(6.4, 10.6), (6.1, 14.8), (4.4, 17.2), (19.6, 17.2), (17.9, 14.8), (17.6, 10.6)]);
            line(&[(12.0, 5.0), (12.0, 3.4)]);
            arc(at(12.0, 18.6), 2.2, 0.0, PI);
        }
        Icon::Labels => {
            frame(area(3.0, 5.0, 21.0, 19.0), 2.5);
            frame(area(7.0, 9.0, 14.0, 15.5), 0.5);
            for (x, y) in [(7.0, 9.0), (14.0, 9.0), (14.0, 15.5), (7.0, 15.5)] {
                painter.circle_filled(at(x, y), 1.5 * unit, colour);
            }
        }
        Icon::Collect => {
            line(&[(3.5, 14.5), (3.5, 19.5), (20.5, 19.5), (20.5, 14.5)]);
            line(&[(12.0, 4.0), (12.0, 14.5)]);
            line(&[(7.5, 10.5), (12.0, 15.0), (16.5, 10.5)]);
        }
        Icon::Inside => {
            closed(&[(12.0, 3.5), (21.0, 8.0), (12.0, 12.5), (3.0, 8.0)]);
            line(&[(3.0, 12.2), (12.0, 16.7), (21.0, 12.2)]);
            line(&[(3.0, 16.4), (12.0, 20.9), (21.0, 16.4)]);
        }
        Icon::Lessons => {
            closed(&[(12.0, 4.5), (22.0, 9.2), (12.0, 14.0), (2.0, 9.2)]);
            line(&[
                (6.3, 11.6),
                (6.3, 16.2),
                (9.0, 18.2),
                (12.0, 18.8),
                (15.0, 18.2),
                (17.7, 16.2),
                (17.7, 11.6),
            ]);
        }
        Icon::Teach => {
            closed(&[(12.0, 5.0), (22.0, 9.5), (12.0, 14.0), (2.0, 9.5)]);
            line(&[(6.5, 11.8), (6.5, 16.5), (12.0, 19.0), (17.5, 16.5), (17.5, 11.8)]);
            line(&[(22.0, 9.5), (22.0, 15.5)]);
        }
        Icon::Network => {
            painter.circle_filled(at(12.0, 17.5), 1.9 * unit, colour);
            for radius in [5.5, 9.8] {
                arc(at(12.0, 17.5), radius, -0.8 * PI, -0.2 * PI);
            }
        }
        Icon::Warning => {
            closed(&[(12.0, 4.0), (21.0, 19.5), (3.0, 19.5)]);
            line(&[(12.0, 10.0), (12.0, 14.0)]);
            painter.circle_filled(at(12.0, 16.8), 1.1 * unit, colour);
        }
    }
}

/// A ring with a gap that turns with time: work in progress.
pub fn draw_spinner(painter: &Painter, centre: Pos2, radius: f32, colour: Color32, time_s: f64) {
    let start = (time_s * 4.0 % f64::from(TAU)) as f32;
    let points =
        (0..=32).map(|i| centre + radius * Vec2::angled(start + 1.5 * PI * i as f32 / 32.0)).collect();
    painter.circle_stroke(centre, radius, Stroke::new(3.0, colour.gamma_multiply(0.18)));
    painter.add(PathShape::line(points, Stroke::new(3.0, colour)));
}
