//! The running model's server: where it runs, how long a round trip takes, and what stands in for it.

use egui::{self, Ui};

use super::strings::Explain as _;
use super::style::palette;
use super::view::View;
use super::widgets::{figure_row, notice};
use crate::engine::ModelInfo;
use crate::library::names::size;

/// Shows the part of the model's panel about its server, if it runs on one.
pub fn ui(ui: &mut Ui, view: &View<'_>, model: &ModelInfo) {
    let Some(server) = &model.server else { return };
    let w = &view.strings.servers;
    let state = server.now();
    if let Some(problem) = state.problem.as_ref().filter(|_| state.is_fallback) {
        let place = if state.runs_at.is_empty() { w.this_computer } else { &state.runs_at };
        let text = problem.explain(view.language).to_string();
        notice(ui, palette(ui).warn, &(w.stands_in)(place), &text, |_| {});
    }
    ui.add(egui::Label::new(egui::RichText::new(&model.provider).small().color(palette(ui).weak)).wrap());
    if state.runs_at.is_empty() {
        return;
    }
    let ms = state.round_trip.as_secs_f32() * 1000.0;
    figure_row(ui, w.round_trip, &format!("{ms:.0} ms")).on_hover_text(w.round_trip_hint);
    figure_row(ui, w.in_flight, &view.pace.in_flight.to_string());
    figure_row(ui, w.traffic, &size((state.sent + state.received) as u64));
}
