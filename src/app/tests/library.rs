//! The library's page.

use std::path::PathBuf;

use egui::accesskit::Role;

use super::*;
use crate::app::intent::{LibraryIntent, ModelIntent, WindowIntent};
use crate::app::view::PullState;
use crate::library::catalogue::parse;

fn page_of(bench: &mut Bench, ui: &mut Ui) {
    let (mut page, mut out) = (std::mem::take(&mut bench.library), Vec::new());
    page.ui(ui, &bench.view(), &mut out);
    bench.library = page;
    bench.intents.extend(out);
}

fn list() -> Catalogue {
    let entry = |id: &str, licence: &str, permits: &str| {
        format!(
            "[[model]]\nid = \"{id}\"\nname = \"{id}\"\ntask = \"detect\"\nfamily = \"yolox\"\nfile = \"{id}.onnx\"\n\
             source = \"https://example.org/{id}\"\nurl = \"https://example.org/{id}.onnx\"\nsha256 = \"unverified\"\n\
             licence = \"{licence}\"\npermits = \"{permits}\"\n"
        )
    };
    let text = format!(
        "version = 1\n{}{}",
        entry("free", "MIT", "commercial"),
        entry("bound", "AGPL-3.0-only", "copyleft")
    );
    Catalogue { entries: parse(&text).unwrap(), ..Catalogue::default() }
}

fn two() -> Bench {
    let models =
        vec![listed_model("street", Task::Detect, None), listed_model("depth_small", Task::Depth, None)];
    Bench { models, catalogue: list(), ..Bench::default() }
}

fn search(harness: &mut Harness<'_, Bench>, text: &str) {
    let field = harness.get_by_role(Role::TextInput);
    field.focus();
    field.type_text(text);
    harness.run_steps(4);
}

#[test]
fn models_are_found_in_english_chinese_and_by_pinyin_initials() {
    // 深度估计: shen du gu ji.
    for text in ["depth", "深度", "sdgj"] {
        let mut harness = two().shown(page_of);
        assert!(harness.query_by_label("street").is_some());
        search(&mut harness, text);
        assert!(harness.query_by_label("street").is_none(), "{text}");
        assert!(harness.query_by_label("depth_small").is_some(), "{text}");
    }
    let mut harness = two().shown(page_of);
    search(&mut harness, "nothing like it");
    assert!(harness.query_by_label("depth_small").is_none());
    press(&mut harness, "Show available models");
    assert!(harness.query_all_by_label_contains("street").next().is_none());
}

#[test]
fn a_model_is_used_favoured_and_only_removed_after_a_question() {
    let bench = Bench { models: vec![listed_model("street", Task::Detect, None)], ..Bench::default() };
    let path = PathBuf::from("/models/street.onnx");
    let mut harness = bench.shown(page_of);
    press(&mut harness, "Use");
    assert_eq!(
        harness.state().intents,
        [Intent::Model(ModelIntent::Open(path.clone())), Intent::Window(WindowIntent::Show(Page::Stage))],
        "it runs, and the picture is shown"
    );
    press(&mut harness, "Add to favourites");
    assert_eq!(
        harness.state().intents.last(),
        Some(&Intent::Library(LibraryIntent::Favourite(path.clone(), true)))
    );
    let before = harness.state().intents.len();
    press(&mut harness, "More");
    press(&mut harness, "Remove…");
    assert_eq!(harness.state().intents.len(), before, "nothing is removed unasked");
    press(&mut harness, "Move to trash");
    assert_eq!(
        harness.state().intents.last(),
        Some(&Intent::Library(LibraryIntent::Remove { path, delete: false }))
    );
}

#[test]
fn a_licence_that_binds_is_shown_before_the_download() {
    let mut harness = Bench { catalogue: list(), ..Bench::default() }.shown(page_of);
    press(&mut harness, "Show available models");
    let buttons: Vec<_> = harness.get_all_by_label("Download").collect();
    assert_eq!(buttons.len(), 2);
    buttons[0].click();
    harness.run_steps(3);
    assert_eq!(harness.state().intents, [Intent::Library(LibraryIntent::Pull("free".into()))]);
    harness.get_all_by_label("Download").nth(1).unwrap().click();
    harness.run_steps(3);
    assert_eq!(harness.state().intents.len(), 1, "asked first");
    assert!(harness.query_all_by_label("AGPL-3.0-only").count() >= 2, "in the list and in the question");
    // The question lies above the list.
    harness.get_all_by_label("Download").last().unwrap().click();
    harness.run_steps(3);
    assert_eq!(harness.state().intents.last(), Some(&Intent::Library(LibraryIntent::Pull("bound".into()))));
}

#[test]
fn a_download_that_failed_says_why_and_can_be_tried_again() {
    let failed = PullState::Failed {
        message: "example.org sent a web page.".into(),
        fix: "Try a mirror.".into(),
        of_connection: false,
        unreached: Vec::new(),
    };
    let pulls = vec![Pull { id: "free".into(), state: failed }];
    let mut harness = Bench { catalogue: list(), pulls, ..Bench::default() }.shown(page_of);
    press(&mut harness, "Show available models");
    assert!(harness.query_by_label("example.org sent a web page. Try a mirror.").is_some());
    press(&mut harness, "Try again");
    assert_eq!(harness.state().intents, [Intent::Library(LibraryIntent::ResumePull("free".into()))]);
}

#[test]
fn a_broken_connection_is_told_once_and_tried_again_for_all() {
    let failed = |id: &str| Pull {
        id: id.into(),
        state: PullState::Failed {
            message: "No internet connection.".into(),
            fix: "Connect to a network and try again.".into(),
            of_connection: true,
            unreached: Vec::new(),
        },
    };
    let pulls = vec![failed("free"), failed("bound")];
    let mut harness = Bench { catalogue: list(), pulls, ..Bench::default() }.shown(page_of);
    press(&mut harness, "Show available models");
    let told = "No internet connection. Connect to a network and try again.";
    assert_eq!(harness.query_all_by_label(told).count(), 1);
    assert!(harness.query_by_label("2 models couldn't be downloaded").is_some());
    harness.get_all_by_label("Try again").next().unwrap().click();
    harness.run_steps(3);
    let resumed = |id: &str| Intent::Library(LibraryIntent::ResumePull(id.into()));
    assert_eq!(harness.state().intents, [resumed("free"), resumed("bound")]);
}

/// A failed start of these entries, each from a server that can't be reached.
fn unreached(pairs: &[(&str, &str)]) -> Vec<Pull> {
    let failed = |(id, host): &(&str, &str)| Pull {
        id: (*id).into(),
        state: PullState::Failed {
            message: format!("{host} can't be reached: no answer."),
            fix: "Check the network.".into(),
            of_connection: true,
            unreached: vec![(*host).into()],
        },
    };
    pairs.iter().map(failed).collect()
}

#[test]
fn servers_that_cant_be_reached_share_one_card_with_the_fix_for_each() {
    let pulls = unreached(&[("first", "huggingface.co"), ("second", "github.com"), ("hashed", "github.com")]);
    let mut harness = Bench { catalogue: course(), pulls, ..Bench::default() }.shown(page_of);
    press(&mut harness, "Show available models");
    assert!(harness.query_by_label("3 models couldn't be downloaded").is_some());
    let text = "huggingface.co and github.com can't be reached. Check the network (HTTPS_PROXY if it needs a proxy). \
                Settings or HF_ENDPOINT can name a mirror of huggingface.co. SIGHTLINE_MIRROR can name a mirror of the models.";
    assert_eq!(harness.query_all_by_label_contains("can't be reached.").count(), 1);
    assert!(harness.query_by_label(text).is_some());
    assert!(harness.query_by_label("Cancel").is_none(), "nothing runs");
    // The search shows what fits it, and one line of the trouble.
    search(&mut harness, "second");
    assert_eq!(order_of(&harness, &["first", "second", "hashed"]), ["second"]);
    assert!(harness.query_by_label(text).is_none());
    assert!(harness.query_by_label("3 models couldn't be downloaded").is_some());
    // A mirror of Hugging Face doesn't help where its servers aren't meant.
    let pulls = unreached(&[("first", "github.com")]);
    let mut harness = Bench { catalogue: course(), pulls, ..Bench::default() }.shown(page_of);
    press(&mut harness, "Show available models");
    assert!(harness.query_all_by_label_contains("HF_ENDPOINT").next().is_none());
}

#[test]
fn a_row_stays_where_it_is_when_its_download_starts_and_fails() {
    let names = ["first", "second", "hashed", "unknown"];
    let mut harness = Bench { catalogue: course(), ..Bench::default() }.shown(page_of);
    press(&mut harness, "Show available models");
    let place = |harness: &Harness<'_, Bench>| harness.get_by_label("unknown").rect().top();
    let (order, before) = (order_of(&harness, &names), place(&harness));
    let failed = unreached(&[("unknown", "github.com")]);
    for pulls in [vec![Pull { id: "unknown".into(), state: PullState::Waiting }], failed] {
        harness.state_mut().pulls = pulls;
        harness.run_steps(3);
        assert_eq!((order_of(&harness, &names), place(&harness)), (order.clone(), before));
    }
}

#[test]
fn a_model_without_a_licence_says_so_and_one_word_of_kind_is_enough() {
    let mut entry = ModelEntry::clone(&listed_model("depth_small", Task::Depth, None));
    if let Kind::Known(spec) = &mut entry.kind {
        spec.family = Family::Depth;
    }
    let models = vec![Arc::new(entry)];
    let bench = Bench { models, language: Language::Chinese, ..Bench::default() };
    let harness = bench.shown(page_of);
    assert!(harness.query_by_label("许可证未说明").is_some());
    assert!(harness.query_by_label_contains("深度估计 · 深度估计").is_none());
    assert!(harness.query_by_label_contains("深度估计（MiDaS、Depth Anything）").is_some());
}

#[test]
fn the_field_for_a_new_name_lets_tab_leave_it() {
    let mut harness = two().shown(page_of);
    harness.get_all_by_label("More").next().unwrap().click();
    harness.run_steps(3);
    press(&mut harness, "Rename…");
    assert!(harness.get_by_label("Name").is_focused(), "one types at once");
    harness.key_press(egui::Key::Tab);
    harness.run_steps(3);
    assert!(harness.get_by_label("Save").is_focused());
}

/// The labels of the list's rows that are among these, from top to bottom.
fn order_of<'a>(harness: &Harness<'_, Bench>, names: &[&'a str]) -> Vec<&'a str> {
    let mut found: Vec<(f32, &str)> =
        names.iter().filter_map(|name| Some((harness.query_by_label(name)?.rect().top(), *name))).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().map(|(_, name)| name).collect()
}

/// A list of four entries: one without a hash, one with it, two starters; two are classics.
fn course() -> Catalogue {
    let entry = |id: &str, lines: &str| {
        format!(
            "[[model]]\nid = \"{id}\"\nname = \"{id}\"\ntask = \"classify\"\nfamily = \"classifier\"\n\
             file = \"{id}.onnx\"\nsource = \"https://example.org/{id}\"\nurl = \"https://example.org/{id}.onnx\"\n\
             licence = \"MIT\"\npermits = \"commercial\"\n{lines}\n"
        )
    };
    let hash = |digit: &str| format!("bytes = 2000000\nsha256 = \"{}\"", digit.repeat(64));
    let classic = |order: u32, year: u16| {
        format!(
            "classic = {{ order = {order}, year = {year}, paper = \"https://example.org/p\", parameters = 61.0e6 }}"
        )
    };
    let text = [
        "version = 1\n".to_owned(),
        entry("unknown", &format!("sha256 = \"unverified\"\n{}", classic(2, 2015))),
        entry("hashed", &format!("{}\n{}", hash("1"), classic(1, 2012))),
        entry("first", &format!("{}\nstarter = true", hash("2"))),
        entry("second", &format!("{}\nstarter = true", hash("3"))),
    ];
    Catalogue { entries: parse(&text.concat()).unwrap(), ..Catalogue::default() }
}

#[test]
fn the_list_begins_with_the_starter_set_which_one_button_fetches_after_showing_its_size() {
    let mut harness = Bench { catalogue: course(), ..Bench::default() }.shown(page_of);
    press(&mut harness, "Show available models");
    assert_eq!(
        order_of(&harness, &["unknown", "hashed", "first", "second"]),
        ["first", "second", "hashed", "unknown"]
    );
    press(&mut harness, "Download all (4.0 MB)");
    assert_eq!(harness.state().intents, [], "asked first");
    assert!(harness.query_all_by_label("2.0 MB").count() >= 2, "the size of each");
    harness.get_all_by_label("Download all (4.0 MB)").last().unwrap().click();
    harness.run_steps(3);
    let pulled = ["first", "second"].map(|id| Intent::Library(LibraryIntent::Pull(id.into())));
    assert_eq!(harness.state().intents, pulled);
    // What is on its way isn't offered again.
    let pulls = vec![Pull { id: "first".into(), state: PullState::Waiting }];
    let mut harness = Bench { catalogue: course(), pulls, ..Bench::default() }.shown(page_of);
    press(&mut harness, "Show available models");
    assert!(harness.query_by_label("Download all (2.0 MB)").is_some());
}

#[test]
fn classics_come_in_the_order_of_a_course_with_year_and_parameters() {
    let mut harness = Bench { catalogue: course(), ..Bench::default() }.shown(page_of);
    press(&mut harness, "Show available models");
    press(&mut harness, "Classics");
    assert_eq!(order_of(&harness, &["unknown", "hashed", "first", "second"]), ["hashed", "unknown"]);
    assert!(harness.query_by_label("2012 · 61.0 M parameters · 2.0 MB").is_some());
    assert_eq!(harness.query_all_by_label("Paper").count(), 2);
    press(&mut harness, "All");
    assert!(harness.query_by_label("first").is_some());
}

#[test]
fn while_a_download_connects_its_server_is_named_and_no_size_or_speed_is() {
    for (language, text) in
        [(Language::English, "Connecting to example.org…"), (Language::Chinese, "正在连接 example.org…")]
    {
        let state = PullState::Connecting { host: "example.org".into() };
        let pulls = vec![Pull { id: "free".into(), state }];
        let bench = Bench { catalogue: list(), pulls, language, ..Bench::default() };
        let mut harness = bench.shown(page_of);
        let show =
            if language == Language::English { "Show available models" } else { "查看可下载的模型" };
        press(&mut harness, show);
        assert!(harness.query_by_label(text).is_some(), "{text}");
        assert!(harness.query_all_by_label_contains("/s").next().is_none());
        assert!(harness.query_all_by_label_contains("kB").next().is_none());
    }
}

#[test]
fn the_page_speaks_chinese() {
    let harness = Bench { language: Language::Chinese, ..two() }.shown(page_of);
    assert!(harness.query_all_by_label_contains("深度估计").next().is_some());
    assert!(harness.query_all_by_label_contains("Depth").next().is_none());
}

#[test]
fn a_model_that_crashed_says_so_with_a_fix() {
    use crate::app::strings::ending_note;
    use crate::model::isolation::{Crash, Ending};
    for language in [Language::English, Language::Chinese] {
        let mut bench = Bench { language, ..two() };
        let mut model = ModelEntry::clone(&bench.models[0]);
        let ending = Ending::Crashed(Crash::Division);
        model.ending = Some(ending);
        bench.models[0] = Arc::new(model);
        let text = ending_note(language, ending).to_string();
        let harness = bench.shown(page_of);
        assert!(harness.query_by_label(&text).is_some(), "{text}");
    }
}
