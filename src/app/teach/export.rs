use crate::app::view::View; use crate::app::intent::Intent; use super::TeachPage; pub(super) fn ui(_: &mut TeachPage, _: &mut egui::Ui, _: &View<'_>, _: &mut Vec<Intent>) {}
