//! Lessons are chosen from a list and taken by clicking.

use super::*;
use crate::app::intent::LessonsIntent;
use crate::app::lessons;
use crate::learn::lessons::{
    Comparison, Condition, Expected, Fact, Lesson, Progress, Question, Reply, Value, built_in,
};

/// The panel at the left; its intents come into effect as in the window.
fn panel(bench: &mut Bench, ui: &mut Ui) {
    let mut panel = std::mem::take(&mut bench.lessons.panel);
    let mut out = Vec::new();
    let area = ui.max_rect().with_max_x(ui.max_rect().left() + lessons::WIDTH);
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
        lessons::panel_ui(ui, &bench.view(), &mut panel, &mut out);
    });
    bench.lessons.panel = panel;
    let facts = bench.lessons.facts.clone();
    if let Some(course) = &mut bench.lessons.course {
        course.observe(&facts);
        for intent in &out {
            match intent {
                Intent::Lessons(LessonsIntent::Answer(reply)) => course.answer(*reply, &facts),
                Intent::Lessons(LessonsIntent::Next) => course.next(),
                Intent::Lessons(LessonsIntent::Back) => course.back(),
                _ => {}
            }
        }
    }
    bench.intents.extend(out);
}

fn list(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    lessons::list_ui(ui, &bench.view(), &mut out);
    bench.intents.extend(out);
}

/// What the window would know of the sample that YOLOX-Nano looks at.
fn facts() -> Facts {
    let mut facts = Facts::default();
    for (fact, value) in [
        (Fact::PictureWidth, 600.0),
        (Fact::PictureHeight, 400.0),
        (Fact::PictureValues, 720_000.0),
        (Fact::InputWidth, 416.0),
        (Fact::InputHeight, 416.0),
        (Fact::InputValues, 519_168.0),
        (Fact::Cells, 3549.0),
        (Fact::Boxes, 5.0),
        (Fact::BoxesOfSecond, 1.0),
    ] {
        facts.set(fact, value);
    }
    facts
}

fn taking(lesson: &Arc<Lesson>, language: Language) -> Harness<'static, Bench> {
    let mut bench = Bench { language, ..Bench::default() };
    bench.lessons.listed = crate::learn::lessons::list(None);
    bench.lessons.course = Some(Course::begin(Arc::clone(lesson), Progress::default()));
    bench.lessons.facts = facts();
    bench.shown(panel)
}

/// Does in the window what a step asks for.
fn fulfil(facts: &mut Facts, condition: &Condition) {
    match (&condition.value, condition.comparison) {
        (Value::Number(number), Comparison::AtLeast | Comparison::AtMost | Comparison::Is) => {
            facts.set(condition.fact, *number);
        }
        (Value::Word(word), _) => facts.say(condition.fact, word.clone()),
    }
}

#[test]
fn every_lesson_is_taken_by_clicking_in_both_languages() {
    for language in [Language::English, Language::Chinese] {
        let s = Strings::of(language);
        let w = &s.lessons;
        for lesson in built_in() {
            let mut harness = taking(lesson, language);
            for (n, step) in lesson.steps.iter().enumerate() {
                let place = format!("{}, step {}", lesson.id, n + 1);
                let place_text = (w.step_of)(n + 1, lesson.steps.len());
                assert!(harness.query_by_label(&place_text).is_some(), "{place}");
                let text = step.text.filled(language, &harness.state().lessons.facts);
                assert!(!text.contains('…') && harness.query_by_label(&text).is_some(), "{place}: {text}");
                match &step.question {
                    Question::Choice { options, .. } => {
                        let wrong = options.iter().find(|option| !option.right).expect("a wrong one");
                        press(&mut harness, wrong.text.of(language));
                        assert!(harness.query_by_label(w.not_yet).is_some(), "{place}");
                        assert!(harness.query_by_label(wrong.reaction.of(language)).is_some(), "{place}");
                        let right = options.iter().find(|option| option.right).expect("a right one");
                        press(&mut harness, right.text.of(language));
                    }
                    Question::Number { expected, low, .. } => {
                        let wanted = match expected {
                            Expected::Value(value) => *value,
                            Expected::Fact(fact) => facts().number(*fact).expect("a fact"),
                        };
                        let mut type_number = |number: f64| {
                            harness.state_mut().lessons.panel.typed = number.to_string();
                            harness.run_steps(1);
                            press(&mut harness, w.check);
                        };
                        type_number(wanted - wanted.abs() - 1.0);
                        type_number(wanted);
                        let _ = low;
                    }
                    Question::Do { until, done, .. } => {
                        assert!(harness.query_by_label(w.waiting).is_some(), "{place}");
                        for condition in until {
                            fulfil(&mut harness.state_mut().lessons.facts, condition);
                        }
                        harness.run_steps(2);
                        let said = done.filled(language, &harness.state().lessons.facts);
                        assert!(
                            !said.contains('…') && harness.query_by_label(&said).is_some(),
                            "{place}: {said}"
                        );
                    }
                }
                let is_task = matches!(step.question, Question::Do { .. });
                assert!(harness.query_by_label(if is_task { w.done } else { w.right }).is_some(), "{place}");
                press(&mut harness, w.hint);
                let hint =
                    step.hint.as_ref().expect("a hint").filled(language, &harness.state().lessons.facts);
                assert!(harness.query_by_label(&hint).is_some(), "{place}: {hint}");
                let last = n + 1 == lesson.steps.len();
                press(&mut harness, if last { w.finish } else { w.next });
                harness.state_mut().lessons.facts = facts();
                harness.run_steps(1);
            }
            assert!(harness.query_by_label(w.finished).is_some(), "{}", lesson.id);
            let said = (w.finished_text)(lesson.steps.len(), lesson.steps.len());
            assert!(harness.query_by_label(&said).is_some(), "{said}");
            press(&mut harness, w.finish);
            assert_eq!(harness.state().intents.last(), Some(&Intent::Lessons(LessonsIntent::Close)));
        }
    }
}

#[test]
fn a_lesson_can_be_taken_with_the_keys_and_steps_can_be_skipped() {
    let lesson = built_in().iter().find(|lesson| lesson.id == "pixels").expect("a lesson");
    let mut harness = taking(lesson, Language::English);
    // The field has the focus: one types at once.
    for letter in ["720", ",000"] {
        harness.event(egui::Event::Text(letter.into()));
        harness.run_steps(1);
    }
    harness.key_press(egui::Key::Enter);
    harness.run_steps(2);
    assert!(harness.query_by_label("Right").is_some());
    harness.key_press_modifiers(Modifiers::ALT, egui::Key::ArrowRight);
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::ALT, egui::Key::Num2);
    harness.run_steps(2);
    let said = harness.state().intents.last();
    assert_eq!(said, Some(&Intent::Lessons(LessonsIntent::Answer(Reply::Option(1)))));
    assert!(harness.query_by_label("Right").is_some());
    harness.key_press_modifiers(Modifiers::ALT, egui::Key::ArrowRight);
    harness.run_steps(2);
    press(&mut harness, "Skip");
    assert_eq!(harness.state().lessons.course.as_ref().and_then(Course::step).map(|(at, _)| at), Some(3));
    harness.key_press_modifiers(Modifiers::ALT, egui::Key::ArrowLeft);
    harness.run_steps(2);
    harness.event(egui::Event::Text("many".into()));
    harness.run_steps(1);
    press(&mut harness, "Check");
    assert!(harness.query_by_label("Please enter a number, such as 12 or 0.5.").is_some());
}

#[test]
fn the_field_keeps_the_focus_when_something_goes_above_it() {
    let lesson = built_in().iter().find(|lesson| lesson.id == "pixels").expect("a lesson");
    let mut bench = Bench::default();
    bench.lessons.course = Some(Course::begin(Arc::clone(lesson), Progress::default()));
    bench.lessons.facts = facts();
    bench.lessons.missing = vec![MissingModel { id: None, name: "a model".into(), bytes: None }];
    let mut harness = bench.shown(panel);
    harness.state_mut().lessons.missing.clear();
    harness.run_steps(3);
    harness.event(egui::Event::Text("720000".into()));
    harness.run_steps(2);
    assert_eq!(harness.state().lessons.panel.typed, "720000");
}

#[test]
fn a_model_that_is_missing_is_offered_and_nobody_is_stuck() {
    let lesson = built_in().iter().find(|lesson| lesson.id == "transformers").expect("a lesson");
    let mut harness = taking(lesson, Language::English);
    let missing = MissingModel {
        id: Some("deimv2-atto".into()),
        name: "DEIMv2-Atto (fp32)".into(),
        bytes: Some(2_500_000),
    };
    harness.state_mut().lessons.missing = vec![missing];
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("sightline models pull deimv2-atto").is_some());
    press(&mut harness, "Get DEIMv2-Atto (fp32) (2.5 MB)");
    let pull = Intent::Library(crate::app::intent::LibraryIntent::Pull("deimv2-atto".into()));
    assert_eq!(harness.state().intents, [pull]);
    press(&mut harness, "Skip");
    assert_eq!(harness.state().intents.last(), Some(&Intent::Lessons(LessonsIntent::Next)));
}

#[test]
fn the_list_says_what_is_done_and_what_is_wrong_with_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.toml"), "id = \"mine\"\ntitel = 1").expect("written");
    for language in [Language::English, Language::Chinese] {
        let mut bench = Bench { language, page: Page::Lessons, ..Bench::default() };
        bench.lessons.listed = crate::learn::lessons::list(Some(folder.path()));
        bench.settings.lessons.insert("pixels".into(), Progress { step: 0, done: true, right: 6 });
        bench.settings.lessons.insert("boxes".into(), Progress { step: 2, done: false, right: 1 });
        let mut harness = bench.shown(list);
        let w = &Strings::of(language).lessons;
        let title = |id: &str| {
            let lesson = built_in().iter().find(|lesson| lesson.id == id).expect("a lesson");
            lesson.title.of(language)
        };
        assert!(harness.query_by_label(w.done).is_some());
        assert!(harness.query_by_label(&(w.again_named)(title("pixels"))).is_some());
        assert!(harness.query_by_label(&(w.begin_named)(title("convolution"))).is_some());
        assert!(harness.query_by_label_contains("titel").is_some(), "the mistake is told");
        assert!(harness.query_by_label_contains("title").is_some(), "with what is meant");
        press(&mut harness, &(w.go_on_named)(title("boxes")));
        assert_eq!(harness.state().intents, [Intent::Lessons(LessonsIntent::Begin("boxes".into()))]);
    }
}

#[test]
fn the_help_leads_to_the_lessons() {
    let sheet = |bench: &mut Bench, ui: &mut Ui| {
        let mut out = Vec::new();
        super::super::help::ui(ui, Strings::of(bench.language), &mut out);
        bench.intents.extend(out);
    };
    let mut harness = Bench::default().shown(sheet);
    press(&mut harness, "Lessons");
    let wanted = Intent::Window(crate::app::intent::WindowIntent::Show(Page::Lessons));
    assert_eq!(harness.state().intents.last(), Some(&wanted));
}
