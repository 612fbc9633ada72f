//! From what a step wants to see to intents.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::state::MissingModel;
use crate::app::intent::{
    CompareIntent, InsideIntent, InsideTab, Intent, ModelIntent, Page, ResultIntent, SourceIntent,
    WindowIntent,
};
use crate::app::view::{is_of, same_file};
use crate::frame::perturb::Perturbation;
use crate::learn::lessons::{FIRST_LAYER, ModelWish, Setup, SetupPage, SourceWish, Step, TABS};
use crate::learn::samples::Sample;
use crate::library::{Catalogue, Kind, ModelEntry};
use crate::model::name_of;
use crate::source::Address;
use crate::source::address::PATTERN;

/// What a setup depends on.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    pub models: &'a [Arc<ModelEntry>],
    pub catalogue: &'a Catalogue,
    /// Where the pictures lie that come with the program.
    pub samples: &'a Path,
    /// The folder of the lesson's file; `None` for those that come with the program.
    pub beside: Option<&'a Path>,
    /// What is shown now.
    pub source: Option<&'a Address>,
    /// The model that runs or is being opened.
    pub model: Option<&'a Path>,
    pub is_comparing: bool,
    /// How pictures are changed now.
    pub perturbation: Perturbation,
}

/// How a step is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetUp {
    /// What is to be done at once.
    pub now: Vec<Intent>,
    /// What is to be done once source and model are there: limits belong to a model, and opening a source shows the preview.
    pub then: Vec<Intent>,
    /// What is to be done once the page Inside is shown, which may be a matter of the learner.
    pub inside: Vec<Intent>,
    pub source: Option<Address>,
    pub model: Option<PathBuf>,
    pub missing: Vec<MissingModel>,
}

/// What is on screen in the step of this place: what it names itself, else what the last step before it named. `is_anew`: the learner
/// doesn't come from the step before, so that also limits and the page are those of before; else these are as the learner left them.
#[must_use]
pub fn setup_of(steps: &[Step], at: usize, is_anew: bool) -> Setup {
    let mut setup = steps.get(at).map(|step| step.setup.clone()).unwrap_or_default();
    for before in steps.iter().take(at).rev().map(|step| &step.setup) {
        if setup.source.is_none() {
            setup.source.clone_from(&before.source);
        }
        if setup.models.is_empty() {
            setup.models.clone_from(&before.models);
        }
        if is_anew {
            setup.page = setup.page.or(before.page);
            setup.confidence = setup.confidence.or(before.confidence);
            setup.iou = setup.iou.or(before.iou);
        }
    }
    setup
}

/// What a step wants, as intents.
#[must_use]
pub fn apply_setup(setup: &Setup, around: Around<'_>) -> SetUp {
    let mut done = SetUp::default();
    let source = setup.source.as_ref().and_then(|wish| address(wish, around));
    if let Some(source) = &source
        && around.source != Some(source)
    {
        done.now.push(Intent::Source(SourceIntent::Open(source.clone())));
    }
    done.source = source;
    done.model = wanted(&setup.models, around, &mut done.missing);
    if let Some(model) = &done.model
        && !around.model.is_some_and(|now| same_file(now, model))
    {
        done.now.push(Intent::Model(ModelIntent::Open(model.clone())));
    }
    let second = wanted(&setup.compare, around, &mut done.missing).filter(|_| done.model.is_some());
    if let Some(second) = second {
        done.now.push(Intent::Compare(CompareIntent::Show(true)));
        done.now.push(Intent::Compare(CompareIntent::Use(1, second)));
    } else if around.is_comparing {
        done.now.push(Intent::Compare(CompareIntent::Show(false)));
    }
    let perturb = setup.perturb.unwrap_or_default();
    if perturb != around.perturbation {
        done.now.push(Intent::Inside(InsideIntent::Perturb(perturb)));
    }
    let tab = setup.tab.and_then(|tab| TABS.iter().position(|known| *known == tab));
    done.inside
        .extend(tab.and_then(|at| InsideTab::ALL.get(at)).map(|tab| Intent::Inside(InsideIntent::Tab(*tab))));
    done.inside.extend(setup.layer.clone().map(|name| {
        let first = name == FIRST_LAYER;
        Intent::Inside(if first { InsideIntent::FirstMaps } else { InsideIntent::Tensor(Some(name)) })
    }));
    done.then.extend(setup.confidence.map(|conf| Intent::Result(ResultIntent::Conf(conf))));
    done.then.extend(setup.iou.map(|iou| Intent::Result(ResultIntent::Iou(iou))));
    done.then.extend(setup.page.map(|page| Intent::Window(WindowIntent::Show(page_of(page)))));
    done
}

/// The page that shows it.
fn page_of(page: SetupPage) -> Page {
    match page {
        SetupPage::Preview => Page::Stage,
        SetupPage::Inside => Page::Inside,
        SetupPage::Teach => Page::Teach,
    }
}

fn address(wish: &SourceWish, around: Around<'_>) -> Option<Address> {
    Some(match wish {
        SourceWish::Sample(name) => Address::Image(Sample::named(name)?.path(around.samples)),
        SourceWish::Pattern => PATTERN,
        // An image or a video: the address's own reading of a path tells which.
        SourceWish::Beside(name) => around.beside?.join(name).to_str()?.parse().ok()?,
    })
}

/// The first of these that is on this computer; else what is missing is noted.
fn wanted(wishes: &[ModelWish], around: Around<'_>, missing: &mut Vec<MissingModel>) -> Option<PathBuf> {
    let found = wishes.iter().find_map(|wish| find_model(wish, around));
    let named = wishes.iter().find_map(|wish| match wish {
        ModelWish::Named(name) => Some(name),
        ModelWish::Task(_) => None,
    });
    if found.is_none()
        && let Some(name) = named
    {
        let entry = around.catalogue.find(name);
        missing.push(MissingModel {
            id: entry.map(|entry| entry.id.clone()),
            // Models of one name differ in their precision.
            name: entry
                .map_or_else(|| name.clone(), |entry| format!("{} ({})", entry.name, entry.precision.name())),
            bytes: entry.and_then(|entry| entry.bytes),
        });
    }
    found
}

/// A model on this computer that fits the wish.
#[must_use]
pub fn find_model(wish: &ModelWish, around: Around<'_>) -> Option<PathBuf> {
    let usable = around.models.iter().filter(|entry| matches!(entry.kind, Kind::Known(_)));
    match wish {
        ModelWish::Task(task) => {
            let fits = usable.filter(|entry| entry.task().is_some_and(|of| of.name() == task));
            // The running one if it fits, else the one that was used last; the name decides last.
            let best = fits.min_by_key(|entry| {
                let runs = around.model.is_some_and(|now| is_of(entry, now));
                (!runs, std::cmp::Reverse(entry.used), entry.name.clone())
            });
            best.map(|entry| entry.path.clone())
        }
        ModelWish::Named(name) => {
            let known = around.catalogue.find(name);
            let file = known.map(|known| plain(known.file.trim_end_matches(".onnx")));
            let mut fits = usable.filter(|entry| {
                let own = plain(&name_of(&entry.path));
                entry.origin.as_ref().is_some_and(|origin| known.is_some_and(|known| known.id == origin.id))
                    || own == plain(name)
                    || Some(&own) == file.as_ref()
                    || entry
                        .sha256
                        .as_ref()
                        .is_some_and(|hash| known.is_some_and(|known| known.is_known_as(hash)))
            });
            fits.next().map(|entry| entry.path.clone())
        }
    }
}

/// A name as it is compared: `YOLOX_Nano` is `yolox-nano`.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::listed_model;
    use crate::model::Task;

    fn around<'a>(models: &'a [Arc<ModelEntry>], catalogue: &'a Catalogue) -> Around<'a> {
        Around {
            models,
            catalogue,
            samples: Path::new("/s"),
            beside: None,
            source: None,
            model: None,
            is_comparing: false,
            perturbation: Perturbation::default(),
        }
    }

    fn named(name: &str) -> ModelWish {
        ModelWish::Named(name.into())
    }

    #[test]
    fn models_are_found_by_the_catalogues_file_by_name_and_by_task() {
        let models = [
            listed_model("version-RFB-320", Task::Detect, Some(1)),
            listed_model("YOLOX_Nano", Task::Detect, Some(9)),
            listed_model("mine", Task::Classify, None),
        ];
        let catalogue = Catalogue::load_from(&[]);
        let find = |wish: &ModelWish| find_model(wish, around(&models, &catalogue));
        assert_eq!(find(&named("ultraface-rfb-320")), Some("/models/version-RFB-320.onnx".into()));
        assert_eq!(find(&named("yolox-nano")), Some("/models/YOLOX_Nano.onnx".into()));
        assert_eq!(find(&named("deimv2-atto")), None);
        assert_eq!(find(&ModelWish::Task("classify".into())), Some("/models/mine.onnx".into()));
        let task = ModelWish::Task("detect".into());
        assert_eq!(find(&task), Some("/models/YOLOX_Nano.onnx".into()), "the one used last");
        let running =
            Around { model: Some(Path::new("/models/version-RFB-320.onnx")), ..around(&models, &catalogue) };
        assert_eq!(
            find_model(&task, running),
            Some("/models/version-RFB-320.onnx".into()),
            "the one that runs"
        );
    }

    #[test]
    fn a_lesson_that_is_resumed_shows_what_its_steps_before_had_set_up() {
        let lessons = crate::learn::lessons::list(None);
        let lesson = lessons.iter().filter_map(|listed| listed.lesson()).find(|lesson| lesson.id == "boxes");
        let steps = &lesson.unwrap().steps;
        let first = &steps[0].setup;
        assert!(
            steps[4].setup.models.is_empty() && !first.models.is_empty(),
            "only the first one names models"
        );
        let resumed = setup_of(steps, 4, true);
        assert_eq!((&resumed.models, resumed.confidence), (&first.models, Some(0.1)));
        assert_eq!(resumed.perturb, steps[4].setup.perturb);
        // From one step to the next, limits stay as the learner set them.
        let named = |confidence| Setup { confidence, ..Setup::default() };
        let mut own = steps[..2].to_vec();
        (own[0].setup, own[1].setup) = (named(Some(0.7)), named(None));
        assert_eq!(setup_of(&own, 1, true).confidence, Some(0.7));
        assert_eq!(setup_of(&own, 1, false).confidence, None);
        assert_eq!(setup_of(&own, 0, true).confidence, Some(0.7));
    }

    #[test]
    fn what_belongs_to_the_inside_waits_until_it_is_shown() {
        let catalogue = Catalogue::default();
        let blurred = Perturbation { blur: 2.0, ..Perturbation::default() };
        let setup = Setup {
            page: Some(SetupPage::Inside),
            tab: Some("maps"),
            layer: Some("conv1".into()),
            perturb: Some(blurred),
            ..Setup::default()
        };
        let done = apply_setup(&setup, around(&[], &catalogue));
        assert_eq!(done.now, [Intent::Inside(InsideIntent::Perturb(blurred))]);
        assert_eq!(done.then, [Intent::Window(WindowIntent::Show(Page::Inside))]);
        let tensor = InsideIntent::Tensor(Some("conv1".into()));
        assert_eq!(done.inside, [Intent::Inside(InsideIntent::Tab(InsideTab::Maps)), Intent::Inside(tensor)]);
        // Of the step before, nothing is left.
        let after =
            apply_setup(&Setup::default(), Around { perturbation: blurred, ..around(&[], &catalogue) });
        assert_eq!(after.now, [Intent::Inside(InsideIntent::Perturb(Perturbation::default()))]);
        // The words for the tabs stand in the order of the tabs.
        assert_eq!(TABS.len(), InsideTab::ALL.len());
        assert_eq!(InsideTab::ALL[3], InsideTab::Maps);
    }

    #[test]
    fn a_step_opens_what_isnt_there_yet_and_sets_limits_afterwards() {
        let models = [listed_model("yolox_nano", Task::Detect, None), listed_model("b", Task::Detect, None)];
        let catalogue = Catalogue::load_from(&[]);
        let setup = Setup {
            page: Some(SetupPage::Preview),
            source: Some(SourceWish::Sample("four")),
            models: vec![named("yolox-nano")],
            confidence: Some(0.1),
            ..Setup::default()
        };
        let (picture, model) =
            (Address::Image("/s/four.jpg".into()), PathBuf::from("/models/yolox_nano.onnx"));
        let first = apply_setup(&setup, around(&models, &catalogue));
        let open = [
            Intent::Source(SourceIntent::Open(picture.clone())),
            Intent::Model(ModelIntent::Open(model.clone())),
        ];
        assert_eq!(first.now, open);
        let then = [Intent::Result(ResultIntent::Conf(0.1)), Intent::Window(WindowIntent::Show(Page::Stage))];
        assert_eq!(first.then, then);
        let again = Around {
            source: Some(&picture),
            model: Some(&model),
            is_comparing: true,
            ..around(&models, &catalogue)
        };
        // The comparison of the step before ends.
        assert_eq!(apply_setup(&setup, again).now, [Intent::Compare(CompareIntent::Show(false))]);
        let compared = Setup { compare: vec![named("b")], ..setup.clone() };
        let second = Intent::Compare(CompareIntent::Use(1, "/models/b.onnx".into()));
        assert_eq!(apply_setup(&compared, again).now, [Intent::Compare(CompareIntent::Show(true)), second]);
        let missing = Setup { compare: vec![named("ultraface-rfb-320-int8")], ..setup };
        let done = apply_setup(&missing, again);
        assert_eq!(done.missing[0].id.as_deref(), Some("ultraface-rfb-320-int8"));
        assert_eq!(done.missing[0].bytes, Some(458_144));
        assert_eq!(done.model, Some(model), "what is there is shown all the same");
    }
}
