//! The lessons that come with the program, the reader and the course.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::list::BUILT_IN;
use super::*;
use crate::learn::samples::Sample;
use crate::model::labels::Language;

/// A small lesson with one question of each kind.
const SMALL: &str = r#"
id = "small"
title = { en = "Small", zh = "小" }
summary = { en = "A lesson.", zh = "一课。" }
minutes = 2
[[step]]
text = { en = "Look: {boxes} boxes.", zh = "看：{boxes} 个框。" }
paper = "https://arxiv.org/abs/1506.02640"
[step.setup]
page = "preview"
sample = "four"
models = ["yolox-nano", "task:detect"]
confidence = 0.5
[step.choice]
ask = { en = "Which?", zh = "哪个？" }
[[step.choice.option]]
en = "This"
zh = "这个"
reaction = { en = "No.", zh = "不对。" }
[[step.choice.option]]
en = "That"
zh = "那个"
right = true
reaction = { en = "Yes.", zh = "对。" }
[[step]]
text = { en = "Count.", zh = "数一数。" }
hint = { en = "Three.", zh = "三。" }
[step.number]
ask = { en = "How many?", zh = "多少？" }
answer = 0.33
tolerance = 0.01
right = { en = "Right.", zh = "对。" }
low = { en = "More.", zh = "多一些。" }
high = { en = "Less.", zh = "少一些。" }
[[step]]
text = { en = "Act.", zh = "动手。" }
[step.do]
ask = { en = "Lower it.", zh = "降低它。" }
until = ["confidence <= 0.2", "page = preview"]
done = { en = "Done: {boxes}.", zh = "完成：{boxes}。" }
"#;

fn small() -> Arc<Lesson> {
    Arc::new(Lesson::parse(SMALL).expect("a lesson"))
}

fn problem(text: &str) -> (String, Option<usize>) {
    let (problem, line) = Lesson::parse(text).expect_err("it is wrong");
    (problem.to_string(), line)
}

/// Every text of a lesson with the name of its place.
fn texts(lesson: &Lesson) -> Vec<(&'static str, &Text)> {
    let mut all = vec![("title", &lesson.title), ("summary", &lesson.summary)];
    for step in &lesson.steps {
        all.push(("text", &step.text));
        all.push(("ask", step.question.ask()));
        all.extend(step.hint.iter().map(|hint| ("hint", hint)));
        match &step.question {
            Question::Choice { options, .. } => {
                all.extend(options.iter().flat_map(|o| [("option", &o.text), ("reaction", &o.reaction)]));
            }
            Question::Number { right, low, high, .. } => {
                all.extend([("reaction", right), ("reaction", low), ("reaction", high)]);
            }
            Question::Do { done, .. } => all.push(("reaction", done)),
        }
    }
    all
}

fn is_chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

#[test]
fn every_lesson_that_comes_with_the_program_can_be_taken() {
    for (name, text) in BUILT_IN {
        let lesson =
            Lesson::parse(text).unwrap_or_else(|(problem, line)| panic!("{name}, line {line:?}: {problem}"));
        assert!((4..=7).contains(&lesson.steps.len()), "{name} has {} steps", lesson.steps.len());
    }
    assert_eq!(built_in().len(), 7);
    let ids: BTreeSet<&str> = built_in().iter().map(|lesson| lesson.id.as_str()).collect();
    assert_eq!(ids.len(), 7);
}

#[test]
fn lessons_are_complete_in_both_languages_and_short() {
    for lesson in built_in() {
        for (place, text) in texts(lesson) {
            let id = &lesson.id;
            let is_figure = !text.zh.chars().any(char::is_alphabetic);
            assert!(is_figure || text.zh.chars().any(is_chinese), "{id}, {place}: {}", text.zh);
            // A term in brackets may be Chinese in an English text, as the course names both.
            assert!(
                text.en.chars().filter(|c| is_chinese(*c)).count() * 4 < text.en.chars().count(),
                "{}",
                text.en
            );
            if place != "text" && place != "reaction" {
                assert!(!text.en.chars().any(is_chinese), "{id}, {place}: {}", text.en);
            }
        }
        for step in &lesson.steps {
            let sentences = |text: &str, ends: &[char]| text.matches(ends).count();
            let spoken = step
                .text
                .en
                .replace("Soft-NMS", "")
                .replace("1.0", "")
                .replace(|c: char| c.is_ascii_digit(), "");
            let english = sentences(&spoken, &['.', '?', '!', ':']);
            assert!((2..=6).contains(&english), "{}: {english} sentences: {}", lesson.id, step.text.en);
            assert!(
                (2..=6).contains(&sentences(&step.text.zh, &['。', '？', '！', '：'])),
                "{}",
                step.text.zh
            );
            assert!(step.text.en.len() <= 420, "{} letters: {}", step.text.en.len(), step.text.en);
            assert!(step.hint.is_some(), "{}: {}", lesson.id, step.text.en);
            // Both languages name the same facts.
            let facts = |text: &str| text.matches('{').count();
            for (place, text) in texts(lesson) {
                assert_eq!(facts(&text.en), facts(&text.zh), "{}, {place}: {}", lesson.id, text.en);
            }
        }
        assert!(lesson.steps.iter().any(|step| step.paper.is_some()), "{} names no paper", lesson.id);
    }
}

#[test]
fn lessons_name_only_what_there_is() {
    let catalogue = include_str!("../../../models/catalog.toml");
    for lesson in built_in() {
        for step in &lesson.steps {
            assert!(step.paper.as_ref().is_none_or(|link| link.starts_with("https://arxiv.org/abs/")));
            match &step.setup.source {
                Some(SourceWish::Sample(name)) => assert!(Sample::named(name).is_some(), "{name}"),
                Some(SourceWish::Pattern) | None => {}
                Some(SourceWish::Beside(name)) => panic!("{name} lies beside no lesson"),
            }
            let setup = &step.setup;
            for wishes in [&setup.models, &setup.compare] {
                // The first one is what is offered for download.
                let Some(first) = wishes.first() else { continue };
                let ModelWish::Named(first) = first else { panic!("{}: {first:?}", lesson.id) };
                assert!(
                    catalogue.contains(&format!("\nid = \"{first}\"\n")),
                    "{first} isn't in the catalogue"
                );
            }
        }
        // A lesson begins with a picture and, unless it needs none, a model.
        assert!(
            lesson.steps[0].setup.source.is_some() && !lesson.steps[0].setup.models.is_empty(),
            "{}",
            lesson.id
        );
    }
}

#[test]
fn mistakes_are_told_with_their_line_and_what_to_write_instead() {
    let with = |old: &str, new: &str| {
        assert!(SMALL.contains(old), "{old}");
        problem(&SMALL.replacen(old, new, 1))
    };
    let cases = [
        ("minutes = 2", "minuts = 2", "has no key “minuts”. Did you mean “minutes”?", 5),
        ("minutes = 2", "minutes = 0", "“minutes” is 0 and must be from 1 to 120", 5),
        ("minutes = 2", "minutes = = 2", "isn’t valid TOML", 5),
        (
            "sample = \"four\"",
            "sample = \"fuor\"",
            "“fuor” isn’t known as “sample”. Did you mean “four”?",
            11,
        ),
        (
            "sample = \"four\"",
            "sample = \"four\"\npicture = \"a.png\"",
            "“sample” and “picture” are both given",
            12,
        ),
        ("sample = \"four\"", "picture = \"../a.png\"", "must be the name of a file beside the lesson", 11),
        ("page = \"preview\"\nsample", "page = \"insde\"\nsample", "Did you mean “inside”?", 10),
        ("confidence = 0.5", "confidence = 50", "“confidence” is 50 and must be from 0 to 1", 13),
        ("right = true\n", "", "0 options are right", 14),
        (
            "until = [\"confidence <= 0.2\"",
            "until = [\"confidense <= 0.2\"",
            "Did you mean “confidence”?",
            39,
        ),
        ("until = [\"confidence <= 0.2\"", "until = [\"confidence below 0.2\"", "isn’t a condition", 39),
        ("[step.number]", "[step.do]", "the question has no key “answer”", 30),
        ("https://arxiv", "http://arxiv", "must begin with https://", 8),
        ("id = \"small\"", "id = \"Small one\"", "must be small letters", 2),
        ("Look: {boxes}", "Look: {boxs}", "Did you mean “boxes”?", 7),
        ("hint = { en = \"Three.\", zh = \"三。\" }", "hint = { en = \"Three.\" }", "lacks “zh”", 27),
    ];
    for (old, new, message, line) in cases {
        let (told, at) = with(old, new);
        assert!(told.contains(message), "{new}: {told}");
        assert_eq!(at, Some(line), "{new}: {told}");
    }
    let (told, _) = problem(&SMALL.replace("[step.number]", "[step.choice]\nask = 1\n[step.number]"));
    assert!(told.contains("asks 2 questions"), "{told}");
    let (told, _) = problem(&format!("{SMALL}# {}", "a".repeat(MAX_BYTES)));
    assert!(told.contains("larger than"), "{told}");
    let (told, _) = problem(&SMALL.replace("Count.", &"a".repeat(601)));
    assert!(told.contains("has 601 characters and may have 600"), "{told}");
}

#[test]
fn a_course_reacts_and_remembers() {
    let mut facts = Facts::default();
    let mut course = Course::begin(small(), Progress::default());
    course.answer(Reply::Option(0), &facts);
    assert_eq!(course.outcome(), Outcome::Wrong(Reaction::Option(0)));
    assert_eq!(course.reaction().unwrap().of(Language::English), "No.");
    course.answer(Reply::Number(3.0, None), &facts);
    course.answer(Reply::Option(7), &facts);
    assert_eq!(course.outcome(), Outcome::Wrong(Reaction::Option(0)), "these don't answer the question");
    course.answer(Reply::Option(1), &facts);
    course.answer(Reply::Option(0), &facts);
    assert_eq!(course.reaction().unwrap().of(Language::Chinese), "对。", "what is right stays so");
    course.next();
    for (number, said) in [(0.2, "More."), (0.5, "Less."), (0.34, "Right.")] {
        course.answer(Reply::Number(number, None), &facts);
        assert_eq!(course.reaction().unwrap().of(Language::English), said);
    }
    course.next();
    facts.say(Fact::Page, "preview");
    facts.set(Fact::Confidence, 0.25);
    assert!(!course.observe(&facts));
    // As a slider in steps of 0.05 gets there.
    facts.set(Fact::Confidence, f64::from(0.5f32 - 0.05 - 0.05 - 0.05 - 0.05 - 0.05 - 0.05));
    assert!(course.observe(&facts) && !course.observe(&facts), "once");
    facts.set(Fact::Boxes, 12.0);
    assert_eq!(course.reaction().unwrap().filled(Language::English, &facts), "Done: 12.");
    assert_eq!(course.progress(Progress::default()), Progress { step: 2, done: false, right: 3 });
    course.next();
    assert!(course.is_finished() && course.step().is_none());
    let done = course.progress(Progress::default());
    assert_eq!(done, Progress { step: 0, done: true, right: 3 });
    let again = Course::begin(small(), done);
    assert_eq!((again.step().unwrap().0, again.progress(done)), (0, done), "done stays done");
    course.back();
    assert_eq!(course.step().unwrap().0, 2);
    assert!(course.outcome().is_right(), "answers are kept");
}

#[test]
fn a_number_that_depends_on_the_window_is_judged_only_when_it_is_known() {
    let text = SMALL.replace("answer = 0.33\ntolerance = 0.01", "answer = \"input-values\"");
    let lesson = Arc::new(Lesson::parse(&text).unwrap());
    let mut course = Course::begin(lesson, Progress { step: 1, ..Progress::default() });
    let mut facts = Facts::default();
    course.answer(Reply::Number(519_168.0, None), &facts);
    assert_eq!(course.outcome(), Outcome::Wrong(Reaction::NotKnown));
    facts.set(Fact::InputValues, 519_168.0);
    course.answer(Reply::Number(519_168.0, None), &facts);
    assert!(course.outcome().is_right());
}

#[test]
fn texts_are_filled_with_what_is_known() {
    let text = Text { en: "a {boxes} {score} {task} {".into(), zh: "{boxes}个".into() };
    let mut facts = Facts::default();
    facts.set(Fact::Boxes, 3.0);
    facts.set(Fact::Score, 0.8765);
    assert_eq!(text.filled(Language::English, &facts), "a 3 0.88 … {");
    assert_eq!(text.filled(Language::Chinese, &facts), "3个");
    for (number, shown) in
        [(519_168.0, "519,168"), (3549.0, "3549"), (-1_234_567.5, "-1,234,567.5"), (0.25, "0.25")]
    {
        assert_eq!(Value::Number(number).to_string(), shown);
    }
}

#[test]
fn the_users_lessons_are_listed_after_the_others_with_their_errors() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.toml", SMALL);
    write("b.TOML", &SMALL.replace("minutes = 2", "minutes = \"two\""));
    write("c.toml", &SMALL.replace("id = \"small\"", "id = \"pixels\""));
    write("notes.txt", "not a lesson");
    std::fs::write(folder.path().join("d.toml"), b"\xff\xfe").unwrap();
    let all = list(Some(folder.path()));
    assert_eq!(all.len(), 10);
    assert_eq!(
        all[0].lesson().unwrap().title.en,
        "Small",
        "it stands in the place of the one that comes with the program"
    );
    assert_eq!(all[7].lesson().unwrap().id, "small");
    let told = all[8].lesson.as_ref().unwrap_err().to_string();
    assert!(told.contains("b.TOML”, line 5: “minutes” must be a number"), "{told}");
    assert!(all[9].lesson.as_ref().unwrap_err().to_string().contains("isn’t a text file"));
    assert_eq!(list(Some(&folder.path().join("missing"))).len(), 7);
}

#[derive(Clone, Debug)]
enum Operation {
    Option(usize),
    Number(f64),
    Observe(f64, bool),
    Next,
    Back,
    Again,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        (0usize..4).prop_map(Operation::Option),
        prop_oneof![any::<f64>(), Just(0.33), 0.0..1.0].prop_map(Operation::Number),
        (0.0..0.5, any::<bool>()).prop_map(|(conf, page)| Operation::Observe(conf, page)),
        Just(Operation::Next),
        Just(Operation::Next),
        Just(Operation::Back),
        Just(Operation::Again),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_learner_does_a_course_stays_whole(operations in prop::collection::vec(operation(), 0..60)) {
        let lesson = small();
        let mut remembered = Progress::default();
        let mut course = Course::begin(Arc::clone(&lesson), remembered);
        for operation in operations {
            let (place, outcomes) = (course.step().map(|(at, _)| at), course.outcomes().to_vec());
            match operation {
                Operation::Option(at) => course.answer(Reply::Option(at), &Facts::default()),
                Operation::Number(number) => course.answer(Reply::Number(number, None), &Facts::default()),
                Operation::Observe(conf, page) => {
                    let mut facts = Facts::default();
                    facts.set(Fact::Confidence, conf);
                    facts.say(Fact::Page, if page { "preview" } else { "inside" });
                    let changed = course.observe(&facts);
                    prop_assert_eq!(changed, place == Some(2) && page && conf <= 0.2 + 1e-6 && !outcomes[2].is_right());
                }
                Operation::Next => course.next(),
                Operation::Back => course.back(),
                Operation::Again => course = Course::begin(Arc::clone(&lesson), remembered),
            }
            let before = remembered;
            remembered = course.progress(remembered);
            // A step or the end, never both; a lesson that was finished once stays so.
            prop_assert_eq!(course.step().is_none(), course.is_finished());
            prop_assert!(!before.done || remembered.done);
            prop_assert!(remembered.step < lesson.steps.len());
            if !matches!(operation, Operation::Again) {
                for (old, new) in outcomes.iter().zip(course.outcomes()) {
                    prop_assert!(!old.is_right() || old == new, "what was right stays right");
                }
            }
            // What is said belongs to the question.
            let told = course.reaction().is_some();
            prop_assert!(told || matches!(course.outcome(), Outcome::Open | Outcome::Wrong(Reaction::NotKnown)));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\PC\n]{0,300}") {
        if let Err((problem, _)) = Lesson::parse(&text) {
            prop_assert!(!problem.to_string().is_empty());
        }
    }
}
