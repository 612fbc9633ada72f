//! Which results count, and how they are made and drawn.

use super::core::Core;
use crate::app::intent::{Intent, ResultIntent};
use crate::app::strings::Explain as _;
use crate::app::workers::Done;
use crate::engine::Command;
use crate::model::{FeatureModel, OpenOptions, Thresholds};

/// Carries out an intent of the panels on results, which have no state of their own.
pub fn apply(intent: ResultIntent, core: &mut Core) {
    match intent {
        ResultIntent::Conf(conf) => {
            core.thresholds.conf = conf;
            core.remember_limits();
        }
        ResultIntent::Iou(iou) => {
            core.thresholds.iou = iou;
            core.remember_limits();
        }
        ResultIntent::UsualLimits => {
            if let Some(model) = &core.model.current {
                Thresholds { conf: core.thresholds.conf, iou: core.thresholds.iou, .. } =
                    model.spec.family.thresholds();
                core.settings.limits.remove(&model.sha256);
            }
        }
        ResultIntent::Classes(classes) => core.thresholds.classes = classes,
        ResultIntent::Amount(amount) => {
            core.settings.amount = amount;
            return;
        }
        ResultIntent::Follow(on) => {
            core.settings.follow_objects = on;
            core.engine.send(Command::Follow(on));
            return;
        }
        ResultIntent::Track(tracking) => {
            core.settings.tracking = tracking;
            return;
        }
        ResultIntent::Trails(seconds) => {
            core.settings.trail_seconds = seconds.clamp(0.0, 10.0);
            return;
        }
        ResultIntent::TryAppearance(path) => {
            let language = core.language();
            let options = OpenOptions { isolation: core.isolation.clone(), ..OpenOptions::default() };
            core.workers.run("appearance model", move || match FeatureModel::open(&path, &options) {
                Ok(_) => Done::Ask(vec![Intent::Result(ResultIntent::Appearance(Some(path)))]),
                Err(error) => Done::Failed(error.explain(language).to_string()),
            });
            return;
        }
        ResultIntent::Appearance(model) => {
            core.settings.appearance = model;
            return;
        }
        ResultIntent::OwnFrame(on) => {
            core.settings.result_on_own_frame = on;
            return;
        }
        ResultIntent::Pace(pace) => {
            core.settings.result_pace = pace;
            core.engine.send(Command::Pace(pace));
            return;
        }
    }
    core.engine.send(Command::SetThresholds(core.thresholds.clone()));
}
