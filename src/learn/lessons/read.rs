//! Reading a lesson's file. Unknown keys are refused, so that a typing error isn't overlooked.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "a part of a file is passed like any other")]

use std::io::ErrorKind;
use std::path::Path;

use toml::de::DeTable;

use super::condition::{Condition, unknown_fact};
use super::error::{LessonError, LessonProblem};
use super::facts::Fact;
use super::lesson::{
    ChoiceOption, Expected, Lesson, ModelWish, Question, Setup, SetupPage, SourceWish, Step, TABS, Text,
};
use super::toml_part::{Found, Part, Read, Wrong};
use crate::frame::perturb::Perturbation;
use crate::learn::samples::SAMPLES;
use crate::whole_file;

/// The size of a lesson's file in bytes, at most.
pub const MAX_BYTES: usize = 256 << 10;
/// Steps of a lesson, at most.
const MAX_STEPS: usize = 20;
/// Characters of a text, a title and a name, at most.
const MAX_TEXT: usize = 600;
const MAX_TITLE: usize = 60;
const MAX_NAME: usize = 120;

const LESSON: [&str; 5] = ["id", "title", "summary", "minutes", "step"];
const STEP: [&str; 7] = ["text", "setup", "choice", "number", "do", "hint", "paper"];
const SETUP: [&str; 10] =
    ["page", "sample", "picture", "models", "compare", "confidence", "iou", "tab", "layer", "perturb"];
const PERTURB: [&str; 7] = ["blur", "brightness", "noise", "rotation", "crop", "grey", "jpeg"];
const CHOICE: [&str; 2] = ["ask", "option"];
const OPTION: [&str; 4] = ["en", "zh", "right", "reaction"];
const NUMBER: [&str; 6] = ["ask", "answer", "tolerance", "right", "low", "high"];
const DO: [&str; 3] = ["ask", "until", "done"];

/// How a text is written.
const TEXT: &str = "text = { en = \"…\", zh = \"…\" }";

impl Lesson {
    /// Reads a lesson's file.
    ///
    /// # Errors
    /// [`LessonError::Unreadable`], or [`LessonError::Wrong`] with the line that is wrong.
    #[expect(clippy::result_large_err, reason = "a lesson is read once")]
    pub fn load(path: &Path) -> Result<Self, LessonError> {
        let wrong = |(problem, line)| LessonError::Wrong { path: path.to_owned(), line, problem };
        match whole_file::read_text(path, MAX_BYTES as u64) {
            Ok(text) => Self::parse(&text).map_err(wrong),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                Err(wrong((LessonProblem::TooLarge { limit: MAX_BYTES }, None)))
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                Err(wrong((LessonProblem::NotText, None)))
            }
            Err(error) => Err(LessonError::Unreadable { path: path.to_owned(), reason: error.to_string() }),
        }
    }

    /// Reads the text of a lesson's file.
    ///
    /// # Errors
    /// What is wrong, and in which line, counted from 1.
    pub fn parse(text: &str) -> Result<Self, (LessonProblem, Option<usize>)> {
        if text.len() > MAX_BYTES {
            return Err((LessonProblem::TooLarge { limit: MAX_BYTES }, None));
        }
        // A byte-order mark, as Windows' Notepad writes it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line_of = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let root = DeTable::parse(text).map_err(|error| {
            let reason = error.message().trim().replace('\n', ", ");
            (LessonProblem::Syntax { reason }, error.span().map(|span| line_of(span.start)))
        })?;
        let part = Part { table: root.get_ref(), at: 0, name: "the lesson" };
        lesson(part).map_err(|Wrong { problem, at }| (problem, Some(line_of(at))))
    }
}

fn lesson(part: Part<'_, '_>) -> Read<Lesson> {
    let part = part.with_keys(&LESSON)?;
    let found = part.needed("id", "id = \"my-lesson\"")?;
    let id = found.text("id", MAX_NAME)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.len() > 40 || !id.chars().all(fits) {
        return Err(found.wrong(LessonProblem::Id { id }));
    }
    let title = text_of(&part, "title", "title = { en = \"…\", zh = \"…\" }", MAX_TITLE)?;
    let summary = text_of(&part, "summary", "summary = { en = \"…\", zh = \"…\" }", MAX_TEXT)?;
    let minutes = part.needed("minutes", "minutes = 5")?.number("minutes", 1.0, 120.0)? as u32;
    let steps = part.needed("step", "[[step]]")?.list("step", 1, MAX_STEPS)?;
    let steps = steps.iter().map(|found| step(found.table("step", "the step")?)).collect::<Read<_>>()?;
    Ok(Lesson { id, title, summary, minutes, steps })
}

/// Reads a question of one kind.
type Reader = fn(Part<'_, '_>) -> Read<Question>;

fn step(part: Part<'_, '_>) -> Read<Step> {
    let part = part.with_keys(&STEP)?;
    let text = text_of(&part, "text", TEXT, MAX_TEXT)?;
    let setup = part.get("setup").map(|found| setup(found.table("setup", "the setup")?)).transpose()?;
    let kinds: [(&str, Reader); 3] = [("choice", choice), ("number", number), ("do", task)];
    let mut questions = kinds.iter().filter_map(|(key, read)| part.get(key).map(|found| (*key, found, read)));
    let (first, second) = (questions.next(), questions.next());
    let question = match (first, second) {
        (Some((key, found, read)), None) => read(found.table(key, "the question")?)?,
        (first, _) => {
            let count = usize::from(first.is_some()) + usize::from(second.is_some()) + questions.count();
            return Err(part.wrong(LessonProblem::Questions { count }));
        }
    };
    let hint = part.get("hint").map(|found| both(found, "hint", MAX_TEXT)).transpose()?;
    let paper = part.get("paper").map(link).transpose()?;
    Ok(Step { text, setup: setup.unwrap_or_default(), question, hint, paper })
}

fn link(found: Found<'_, '_>) -> Read<String> {
    let text = found.text("paper", 300)?;
    let rest = text.strip_prefix("https://").unwrap_or_default();
    if rest.len() < 4 || rest.contains(|c: char| c.is_whitespace() || !c.is_ascii()) {
        return Err(found.wrong(LessonProblem::Link { text }));
    }
    Ok(text)
}

fn setup(part: Part<'_, '_>) -> Read<Setup> {
    let part = part.with_keys(&SETUP)?;
    let page = part.get("page").map(|found| found.word("page", &SetupPage::ALL)).transpose()?;
    let source = match (part.get("sample"), part.get("picture")) {
        (Some(_), Some(second)) => return Err(second.wrong(LessonProblem::TwoSources)),
        (Some(sample), None) => {
            let names = SAMPLES.iter().map(|sample| sample.name).chain(["pattern"]);
            let named: Vec<(&'static str, &'static str)> = names.map(|name| (name, name)).collect();
            let name = sample.word("sample", &named)?;
            Some(if name == "pattern" { SourceWish::Pattern } else { SourceWish::Sample(name) })
        }
        (None, Some(picture)) => {
            let name = picture.text("picture", MAX_NAME)?;
            if name.contains(['/', '\\', ':']) || name.starts_with('.') {
                return Err(picture.wrong(LessonProblem::Picture { name }));
            }
            Some(SourceWish::Beside(name))
        }
        (None, None) => None,
    };
    let share = |key| part.get(key).map(|found| found.number(key, 0.0, 1.0).map(|n| n as f32)).transpose();
    let name = |key| part.get(key).map(|found| found.text(key, MAX_NAME)).transpose();
    Ok(Setup {
        page,
        source,
        models: wishes(&part, "models")?,
        compare: wishes(&part, "compare")?,
        confidence: share("confidence")?,
        iou: share("iou")?,
        tab: part.get("tab").map(|found| found.word("tab", &TABS.map(|tab| (tab, tab)))).transpose()?,
        layer: name("layer")?,
        perturb: part
            .get("perturb")
            .map(|found| perturb(found.table("perturb", "“perturb”")?))
            .transpose()?,
    })
}

fn wishes(part: &Part<'_, '_>, key: &'static str) -> Read<Vec<ModelWish>> {
    let Some(found) = part.get(key) else { return Ok(Vec::new()) };
    let wish = |found: &Found<'_, '_>| {
        let text = found.text(key, MAX_NAME)?;
        Ok(match text.strip_prefix("task:") {
            Some(task) => ModelWish::Task(task.trim().to_owned()),
            None => ModelWish::Named(text),
        })
    };
    found.list(key, 1, 12)?.iter().map(wish).collect()
}

fn perturb(part: Part<'_, '_>) -> Read<Perturbation> {
    let part = part.with_keys(&PERTURB)?;
    let number = |key, least, most| {
        part.get(key).map_or(Ok(0.0), |found| found.number(key, least, most)).map(|n| n as f32)
    };
    let jpeg = part.get("jpeg").map(|found| found.number("jpeg", 1.0, 100.0)).transpose()?;
    Ok(Perturbation {
        blur: number("blur", 0.0, 20.0)?,
        brightness: number("brightness", -1.0, 1.0)?,
        noise: number("noise", 0.0, 100.0)?,
        rotation: number("rotation", -180.0, 180.0)?,
        crop: number("crop", 0.0, 0.9)?,
        grey: part.get("grey").map_or(Ok(false), |found| found.flag("grey"))?,
        jpeg: jpeg.map(|quality| quality as u8),
    })
}

fn choice(part: Part<'_, '_>) -> Read<Question> {
    let part = part.with_keys(&CHOICE)?;
    let found = part.needed("option", "[[step.choice.option]]")?;
    let options = found.list("option", 2, 6)?;
    let options: Vec<_> = options.iter().map(option).collect::<Read<_>>()?;
    let count = options.iter().filter(|option| option.right).count();
    if count != 1 {
        return Err(part.wrong(LessonProblem::Right { count }));
    }
    Ok(Question::Choice { ask: ask(&part)?, options })
}

fn option(found: &Found<'_, '_>) -> Read<ChoiceOption> {
    let part = found.table("option", "the option")?.with_keys(&OPTION)?;
    Ok(ChoiceOption {
        text: languages(&part, "option", 160)?,
        right: part.get("right").map_or(Ok(false), |found| found.flag("right"))?,
        reaction: text_of(&part, "reaction", "reaction = { en = \"…\", zh = \"…\" }", MAX_TEXT)?,
    })
}

fn number(part: Part<'_, '_>) -> Read<Question> {
    let part = part.with_keys(&NUMBER)?;
    let found = part.needed("answer", "answer = 3 or answer = \"input-values\"")?;
    let expected = if found.is_text() {
        let name = found.text("answer", MAX_NAME)?;
        let fact = Fact::named(&name).filter(|fact| fact.is_number());
        Expected::Fact(fact.ok_or_else(|| found.wrong(unknown_fact(&name)))?)
    } else {
        Expected::Value(found.number("answer", -1e12, 1e12)?)
    };
    let tolerance = part.get("tolerance").map_or(Ok(0.0), |found| found.number("tolerance", 0.0, 1e12))?;
    Ok(Question::Number {
        ask: ask(&part)?,
        expected,
        tolerance,
        right: text_of(&part, "right", "right = { en = \"…\", zh = \"…\" }", MAX_TEXT)?,
        low: text_of(&part, "low", "low = { en = \"…\", zh = \"…\" }", MAX_TEXT)?,
        high: text_of(&part, "high", "high = { en = \"…\", zh = \"…\" }", MAX_TEXT)?,
    })
}

fn task(part: Part<'_, '_>) -> Read<Question> {
    let part = part.with_keys(&DO)?;
    let found = part.needed("until", "until = [\"boxes >= 5\"]")?;
    let condition = |found: &Found<'_, '_>| {
        let text = found.text("until", MAX_NAME)?;
        Condition::parse(&text).map_err(|problem| found.wrong(problem))
    };
    Ok(Question::Do {
        ask: ask(&part)?,
        until: found.list("until", 1, 6)?.iter().map(condition).collect::<Read<_>>()?,
        done: text_of(&part, "done", "done = { en = \"…\", zh = \"…\" }", MAX_TEXT)?,
    })
}

fn ask(part: &Part<'_, '_>) -> Read<Text> {
    text_of(part, "ask", "ask = { en = \"…\", zh = \"…\" }", MAX_TEXT)
}

/// The text of a key, in both languages.
fn text_of(part: &Part<'_, '_>, key: &'static str, example: &'static str, limit: usize) -> Read<Text> {
    both(part.needed(key, example)?, key, limit)
}

fn both(found: Found<'_, '_>, key: &'static str, limit: usize) -> Read<Text> {
    languages(&found.table(key, "the text")?.with_keys(&["en", "zh"])?, key, limit)
}

fn languages(part: &Part<'_, '_>, key: &'static str, limit: usize) -> Read<Text> {
    let read = |language, example| part.needed(language, example)?.text(key, limit);
    let text = Text { en: read("en", "en = \"…\"")?, zh: read("zh", "zh = \"…\"")? };
    let unknown = text.placeholders().find(|name| Fact::named(name).is_none()).map(unknown_fact);
    unknown.map_or(Ok(text.clone()), |problem| Err(part.wrong(problem)))
}
