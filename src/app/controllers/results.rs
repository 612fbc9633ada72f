//! Which results count, and how they are made and drawn.

use super::core::Core;
use crate::app::intent::ResultIntent;
use crate::engine::Command;

/// Carries out an intent of the panels on results, which have no state of their own.
pub fn apply(intent: ResultIntent, core: &mut Core) {
    match intent {
        ResultIntent::Conf(conf) => {
            core.settings.conf = conf;
            core.thresholds.conf = conf;
        }
        ResultIntent::Iou(iou) => {
            core.settings.iou = iou;
            core.thresholds.iou = iou;
        }
        ResultIntent::Classes(classes) => core.thresholds.classes = classes,
        ResultIntent::Amount(amount) => {
            core.settings.amount = amount;
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
