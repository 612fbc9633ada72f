//! Results as new or as many as can be: the choice, and what was measured for it.

use egui::{self, ComboBox, Ui};

use super::intent::Intent;
use super::style::palette;
use super::view::View;
use super::widgets::{combo_arrow, figure_row};
use crate::engine::{PaceFigures, ResultPace};
use crate::model::labels::Language;

/// The words of one language.
struct Words {
    results: &'static str,
    hint: &'static str,
    names: [&'static str; 3],
    /// With one session, with two.
    measured: [&'static str; 2],
    figures: fn(&PaceFigures) -> String,
    not_measured: &'static str,
}

static ENGLISH: Words = Words {
    results: "Results",
    hint: "Fresh: one session looks at the newest frame, and each result comes as soon as can be. Smooth: two sessions look at alternate frames; there are more results, each a little older, and more memory is used. Automatic: both are tried once for each model and source, and two stay where they give clearly more.",
    names: ["Fresh", "Smooth", "Automatic"],
    measured: ["One session", "Two sessions"],
    figures: |f| format!("{:.1}/s · {:.0} ms", f.fps, f.age_ms),
    not_measured: "not measured yet",
};

static CHINESE: Words = Words {
    results: "结果",
    hint: "及时：一个会话处理最新的帧，每个结果尽早得到。流畅：两个会话交替处理各帧，结果更多，但每个稍旧，内存占用也更多。自动：对每个模型和画面来源各试一次，两个会话明显更多时才保留。",
    names: ["及时", "流畅", "自动"],
    measured: ["一个会话", "两个会话"],
    figures: |f| format!("{:.1}/秒 · {:.0} 毫秒", f.fps, f.age_ms),
    not_measured: "尚未测量",
};

/// Shows the choice, where a model runs.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    if view.model.current.is_none() || view.comparing {
        return;
    }
    let w = match view.language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    };
    let now = view.settings.result_pace;
    let name =
        |pace: ResultPace| ResultPace::ALL.iter().position(|p| *p == pace).map_or("", |at| w.names[at]);
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(w.results).color(palette(ui).weak)).on_hover_text(w.hint);
        let combo = ComboBox::from_id_salt("result pace").icon(combo_arrow).selected_text(name(now)).show_ui(
            ui,
            |ui| {
                for pace in ResultPace::ALL {
                    if ui.selectable_label(pace == now, name(pace)).clicked() && pace != now {
                        out.push(Intent::ResultPace(pace));
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
    for ((label, figures), smooth) in
        w.measured.into_iter().zip([report.fresh_figures, report.smooth_figures]).zip([false, true])
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
        assert_eq!(fresh.state().intents, [Intent::ResultPace(ResultPace::Automatic)]);
        let mut bench = Bench::default().with_model();
        bench.settings.result_pace = ResultPace::Smooth;
        bench.language = Language::Chinese;
        let smooth = bench.shown(panel);
        assert!(smooth.query_all_by_label("尚未测量").next().is_some());
    }
}
