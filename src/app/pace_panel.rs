//! Results as new or as many as possible: the choice, and the measurements behind it.

use egui::{self, ComboBox, Ui};

use super::intent::{Intent, ResultIntent};
use super::strings::pace_name;
use super::style::palette;
use super::view::View;
use super::widgets::{combo_arrow, figure_row};
use crate::engine::ResultPace;

/// Shows the choice while a single model runs.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    if view.model.current.is_none() || view.comparing {
        return;
    }
    let w = &view.strings.pace;
    let now = view.settings.result_pace;
    let name = |pace| pace_name(view.language, pace);
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(w.results).color(palette(ui).weak)).on_hover_text(w.hint);
        let combo = ComboBox::from_id_salt("result pace").icon(combo_arrow).selected_text(name(now)).show_ui(
            ui,
            |ui| {
                for pace in ResultPace::ALL {
                    if ui.selectable_label(pace == now, name(pace)).clicked() && pace != now {
                        out.push(Intent::Result(ResultIntent::Pace(pace)));
                    }
                }
            },
        );
        combo.response.on_hover_text(w.hint).accessible_name(w.results);
    });
    if now == ResultPace::Fresh {
        return;
    }
    let report = view.pace;
    for ((label, figures), smooth) in [w.one_session, w.two_sessions]
        .into_iter()
        .zip([report.fresh_figures, report.smooth_figures])
        .zip([false, true])
    {
        let text = figures.as_ref().map_or_else(|| w.not_measured.to_owned(), w.figures);
        let text = if smooth == report.smooth { format!("•  {text}") } else { text };
        figure_row(ui, label, &text);
    }
}

#[cfg(test)]
mod tests {
    use egui::accesskit::Role;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::app::tests::{Bench, press};
    use crate::model::labels::Language;

    #[test]
    fn the_choice_is_reported_and_says_what_was_measured() {
        let panel = |bench: &mut Bench, ui: &mut Ui| {
            let mut out = Vec::new();
            super::ui(ui, &bench.view(), &mut out);
            bench.intents.extend(out);
        };
        let mut fresh = Bench::default().with_model().shown(panel);
        assert!(fresh.query_by_label("not measured yet").is_none());
        fresh.get_by_role(Role::ComboBox).click();
        fresh.run_steps(3);
        press(&mut fresh, "Automatic");
        assert_eq!(fresh.state().intents, [Intent::Result(ResultIntent::Pace(ResultPace::Automatic))]);
        let mut bench = Bench::default().with_model();
        bench.settings.result_pace = ResultPace::Smooth;
        bench.language = Language::Chinese;
        let smooth = bench.shown(panel);
        assert!(smooth.query_all_by_label("尚未测量").next().is_some());
    }
}
