//! Finding by example.

use super::*;

#[test]
fn finding_says_what_to_do_and_what_to_change_if_nothing_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let mut page = TeachPage { tab: TeachTab::Find, ..taught(Arc::clone(&project)) };
        let map = FeatureMap { tensor: "last".into(), width: 7, height: 7, channels: 64 };
        page.live.found = Found { maps: Arc::new(vec![map]), number: 1, ..Found::default() };
        let mut harness = shown(language, page);
        // All of the page is in sight.
        harness.set_size(egui::vec2(1280.0, 2000.0));
        harness.run_steps(3);
        assert!(harness.query_by_label(w.find_nothing_yet).is_some());
        let clear = harness.get_by_role_and_label(Role::Button, w.find_clear).rect();
        press(&mut harness, w.find_clear);
        assert_eq!(harness.state().intents, [], "there is nothing to clear");
        harness.state_mut().teach.find.example = Some([0.5; 4]);
        harness.state_mut().teach.live.found.similarity = vec![0.4; 49];
        harness.run_steps(2);
        assert!(harness.query_by_label(&(w.find_best)(0.4, 0.0)).is_some());
        assert!(harness.query_by_label(w.find_lower).is_some());
        harness.state_mut().teach.find.limit = 0.3;
        harness.run_steps(2);
        assert!(harness.query_by_label(w.find_lower).is_none());
        let now = harness.get_by_role_and_label(Role::Button, w.find_clear).rect();
        assert_eq!(now, clear, "nothing jumps when something is clicked");
        press(&mut harness, w.find_clear);
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Find(None))]);
        // The cut of a head says nothing about where things are found.
        assert!(harness.query_by_role_and_label(Role::ComboBox, w.cut_at).is_none());
        assert!(harness.query_by_role_and_label(Role::ComboBox, w.find_maps).is_some());
    }
}
