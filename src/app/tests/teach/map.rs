//! The map of the examples, and the file that an export may not write.

use super::*;
use crate::app::teach::state::{NoTsne, Placed};
use crate::learn::teach::{MAX_TSNE, MapKind};

#[test]
fn the_map_changes_to_t_sne_and_back_and_says_what_it_shows_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let mut harness =
            shown(language, TeachPage { tab: TeachTab::Results, ..taught(Arc::clone(&project)) });
        // All of the page is in sight.
        harness.set_size(egui::vec2(1280.0, 2000.0));
        harness.run_steps(3);
        assert!(harness.query_by_label(w.map_pca).is_some() && harness.query_by_label(w.map_tsne).is_none());
        press(&mut harness, "t-SNE");
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Map(MapKind::Tsne))]);
        harness.state_mut().teach.map.kind = MapKind::Tsne;
        harness.run_steps(2);
        assert!(harness.query_by_label(w.map_tsne).is_some(), "what it shows");
        assert!(harness.query_by_label(w.map_computing).is_some(), "that it is working");
        harness.state_mut().teach.training = Training::Fitting;
        harness.run_steps(2);
        assert!(
            harness.query_by_label(w.map_waits).is_some()
                && harness.query_by_label(w.map_computing).is_none()
        );
        harness.state_mut().teach.training = Training::Idle;
        // Points of other examples aren't shown for these.
        let points = vec![[0.5, 0.5]; 4];
        harness.state_mut().teach.map.placed = Some(Placed { learned: 7, points: Ok(points.clone()) });
        harness.run_steps(2);
        assert!(harness.query_by_label(w.map_computing).is_some());
        harness.state_mut().teach.map.placed = Some(Placed { learned: 1, points: Ok(points) });
        harness.run_steps(2);
        assert!(harness.query_by_label(w.map_computing).is_none());
        let many = (w.map_many)(MAX_TSNE + 1);
        for (why, text) in [
            (NoTsne::Few, w.map_few),
            (NoTsne::Many(MAX_TSNE + 1), many.as_str()),
            (NoTsne::Alike, w.map_alike),
            (NoTsne::Broken, w.map_broken),
        ] {
            harness.state_mut().teach.map.placed = Some(Placed { learned: 1, points: Err(why) });
            harness.run_steps(2);
            assert!(harness.query_by_label(text).is_some(), "{text}");
        }
        harness.state_mut().intents.clear();
        press(&mut harness, "PCA");
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Map(MapKind::Pca))]);
        harness.state_mut().teach.map.kind = MapKind::Pca;
        harness.run_steps(2);
        assert!(
            harness.query_by_label(w.map_broken).is_none() && harness.query_by_label(w.map_pca).is_some()
        );
    }
}

#[test]
fn a_file_that_may_not_be_written_is_told_before_the_export_and_cant_be_exported() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let mut form = ExportForm::new(project.root(), folder.path().to_owned());
        let refused = "It is the backbone.".to_owned();
        let target = Target { exists: true, refused: Some(refused.clone()) };
        form.looked = form.path().map(|path| (path, Some(target)));
        let page = TeachPage { export: Some(form), ..taught(Arc::clone(&project)) };
        let mut harness = shown(language, page);
        assert!(harness.query_by_label(&refused).is_some());
        assert!(harness.query_by_label(&(w.overwrite)("signs.onnx")).is_none());
        harness.get_all_by_role_and_label(Role::Button, w.export).last().unwrap().click();
        harness.run_steps(2);
        harness.get_by_role_and_label(Role::TextInput, w.file_name).focus();
        harness.run_steps(2);
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        assert_eq!(harness.state().intents, []);
        // The name stays in another folder; that of a typed file is taken over.
        let mut other = harness.state().teach.export.clone().unwrap();
        other.choose(Path::new("/elsewhere"));
        assert_eq!(other.path().unwrap(), Path::new("/elsewhere/signs.onnx"));
        other.choose(Path::new("/models/hands.onnx"));
        assert_eq!(other.path().unwrap(), Path::new("/models/hands.onnx"));
        // Another name is free.
        harness.get_by_role_and_label(Role::TextInput, w.file_name).focus();
        harness.run_steps(2);
        harness.get_by_role_and_label(Role::TextInput, w.file_name).type_text("2");
        harness.run_steps(2);
        assert!(harness.query_by_label(&refused).is_none());
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Export)]);
    }
}

#[test]
fn a_project_that_is_being_opened_can_be_given_up() {
    for language in LANGUAGES {
        let s = Strings::of(language);
        let page = TeachPage { opening: true, ..TeachPage::default() };
        let mut harness = shown(language, page);
        assert!(harness.query_by_label(s.teach.opening).is_some());
        press(&mut harness, s.cancel);
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Close)]);
    }
}
