//! The page with the model's inside: which worker runs, and what it is told.

use std::sync::Arc;

use super::core::Core;
use super::model::ModelController;
use crate::app::inside::{InsidePage, Subject, Trouble, Worker};
use crate::app::intent::{
    InsideIntent, InsideTab, Intent, Page, SourceIntent, WhyMethod, WhyTarget, WindowIntent,
};
use crate::app::stage::Stage;
use crate::app::workers::Done;
use crate::engine::{Command, ModelInfo};
use crate::frame::perturb::Perturbation;
use crate::learn::samples::{self, Sample};
use crate::model::OpenOptions;
use crate::privacy::Covered;
use crate::server::ModelAddress;
use crate::source::Address;

/// See the module.
#[derive(Debug, Default)]
pub struct InsideController {
    pub page: InsidePage,
    /// Lives while the page is shown.
    worker: Option<Worker>,
    /// The model that the worker looks into.
    model: Option<Arc<ModelInfo>>,
    /// A sample was asked for while the newest result was of this source (`u64::MAX`: there was none); it is blurred once it has a result as it is.
    blur_after: Option<u64>,
}

impl InsideController {
    /// Carries out an intent.
    pub fn apply(&mut self, intent: InsideIntent, core: &mut Core) {
        if core.page != Page::Inside && !matches!(intent, InsideIntent::Perturb(_)) {
            core.ask(Intent::Window(WindowIntent::Show(Page::Inside)));
        }
        let page = &mut self.page;
        match intent {
            InsideIntent::Tab(tab) => page.show_tab(tab),
            InsideIntent::Layer(node) => page.selected = node,
            InsideIntent::Diagram(on) => page.is_diagram = on,
            InsideIntent::Tensor(name) => {
                page.show_tab(InsideTab::Maps);
                page.show_tensor(name);
            }
            InsideIntent::FirstMaps => {
                page.show_tab(InsideTab::Maps);
                page.show_tensor(None);
                page.order.first = true;
            }
            InsideIntent::Channel(channel) => page.order.channel = channel,
            InsideIntent::Sort(sorting) => {
                page.order.sorts += u64::from(page.order.sorting == sorting);
                page.order.sorting = sorting;
            }
            InsideIntent::Part(part) => page.order.part = part,
            InsideIntent::Freeze(on) => page.freeze(on),
            InsideIntent::Maps(maps) => page.order.maps = maps,
            InsideIntent::Overlay(on) => page.overlay = on,
            InsideIntent::Opacity(opacity) => page.opacity = opacity.clamp(0.0, 1.0),
            InsideIntent::Measure => page.order.measures += 1,
            InsideIntent::Again => page.order.tries += 1,
            InsideIntent::Output(output) => {
                page.order.output = output;
                (page.order.channel, page.order.part) = (None, 0);
                page.freeze(false);
            }
            InsideIntent::Class(class) => page.order.class = class,
            InsideIntent::Level(level) => page.order.level = Some(level),
            InsideIntent::Step(step) => page.step = step,
            InsideIntent::GoOn => page.go_on(),
            InsideIntent::Temperature(temperature) => {
                page.order.temperature = temperature.clamp(0.05, 20.0);
            }
            InsideIntent::MaskObject(bbox) => page.order.object = bbox,
            InsideIntent::MaskTerms(terms) => page.order.terms = terms,
            InsideIntent::Against(other) => page.order.against = other,
            InsideIntent::Perturb(how) => {
                self.blur_after = None;
                self.perturb(how, core);
            }
            InsideIntent::Method(method) => page.order.method = method,
            InsideIntent::Why(target) => {
                page.show_tab(InsideTab::Why);
                page.order.target = target;
            }
            InsideIntent::ShowMe(tab) => self.show_me(tab, core),
            InsideIntent::Back => {
                if page.order.channel.take().is_none() && page.order.tab == InsideTab::Layers {
                    page.selected = None;
                }
            }
        }
    }

    /// Takes over what the worker found, and tells it what is shown.
    pub fn gather(&mut self, stage: &Stage, model: &ModelController, core: &mut Core) {
        if core.page != Page::Inside {
            self.blur_after = None;
            let (worker, info) = (self.worker.take(), self.model.take());
            if worker.is_some() || info.is_some() {
                self.page.forget();
            }
            return;
        }
        let current = core.model.current.clone();
        let is_same = match (&self.model, &current) {
            (Some(old), Some(new)) => {
                // A change of the number of threads alone isn't another model.
                Arc::ptr_eq(old, new)
                    || (old.is_same_model(new) && old.spec == new.spec && old.provider == new.provider)
            }
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            self.worker = None;
            self.page.forget();
            self.model.clone_from(&current);
            if let Some(info) = &current {
                self.page.model_name.clone_from(&info.name);
                self.start(info, model, core);
            }
        }
        let covered = stage.covered() == Some(Covered::Everything);
        let frame = stage.frame().filter(|_| core.source.info().is_some() && !covered);
        let is_on_server = self.model.as_ref().is_some_and(|info| is_on_server(info));
        self.page.trouble = match (&self.model, frame) {
            (None, _) => Some(Trouble::NoModel),
            _ if is_on_server => Some(Trouble::OnServer),
            _ if self.worker.is_none() => Some(Trouble::NoThread),
            (_, None) if covered => Some(Trouble::Hidden),
            (_, None) => Some(Trouble::NoPicture),
            _ => None,
        };
        self.page.order.thresholds.clone_from(&core.thresholds);
        self.page.shows(frame.map(AsRef::as_ref));
        if let Some(worker) = &mut self.worker {
            worker.tell(&self.page.order, frame);
            self.page.found = worker.found().of_source(frame.map(AsRef::as_ref));
        }
        self.page.note_seen();
        if let Some(prediction) = core.prediction.clone() {
            self.page.note(&prediction);
            let is_of_sample = |of: u64| of != prediction.frame.generation;
            if !prediction.frame.is_changed && self.blur_after.is_some_and(is_of_sample) {
                self.blur_after = None;
                self.perturb(Perturbation { blur: 4.0, ..Perturbation::default() }, core);
            }
        }
    }

    /// Tells later whether the worker that runs now has ended.
    #[cfg(test)]
    pub fn has_ended(&self) -> Option<impl Fn() -> bool + use<>> {
        self.worker.as_ref().map(Worker::has_ended)
    }

    fn start(&mut self, info: &ModelInfo, model: &ModelController, core: &mut Core) {
        if is_on_server(info) {
            return;
        }
        let options = OpenOptions { adapter: info.adapter.clone(), ..model.options_for(&info.path, core) };
        let (path, colours) = (info.path.clone(), info.spec.input.order);
        let subject = Subject { path, options, colours, threads: info.threads };
        let wake = core.workers.waker();
        match Worker::start(subject, move || wake()) {
            Ok(worker) => self.worker = Some(worker),
            Err(error) => core.failed(error.to_string()),
        }
    }

    fn perturb(&mut self, how: Perturbation, core: &Core) {
        let how = how.bounded();
        self.page.perturbation = how;
        core.engine.send(Command::Perturb((!how.is_none()).then_some(how)));
    }

    /// Opens a picture that comes with the program and sets the tab up.
    fn show_me(&mut self, tab: InsideTab, core: &mut Core) {
        let page = &mut self.page;
        page.show_tab(tab);
        page.overlay = true;
        match tab {
            InsideTab::Layers => (page.is_diagram, page.selected) = (true, None),
            InsideTab::Maps => page.show_tensor(None),
            InsideTab::Why => {
                (page.order.method, page.order.target) = (WhyMethod::Activation, WhyTarget::Surest);
            }
            InsideTab::Output => (page.step, page.begins_stepping) = (0, true),
            InsideTab::Perturb => {
                let newest = core.prediction.as_ref();
                self.blur_after = Some(newest.map_or(u64::MAX, |newest| newest.frame.generation));
                self.perturb(Perturbation::default(), core);
            }
            InsideTab::Input => {}
        }
        let name = match tab {
            InsideTab::Output | InsideTab::Perturb => "four",
            InsideTab::Input => "motorcycle",
            InsideTab::Layers | InsideTab::Maps | InsideTab::Why => "cat",
        };
        let failed = core.strings().inside.no_samples;
        core.workers.run("samples", move || {
            let written = samples::folder()
                .ok_or_else(|| std::io::Error::other("there is no home folder"))
                .and_then(|folder| samples::write_all(&folder).map(|()| folder));
            match (written, Sample::named(name)) {
                (Ok(folder), Some(sample)) => {
                    let address = Address::Image(sample.path(&folder));
                    Done::Ask(vec![Intent::Source(SourceIntent::Open(address))])
                }
                (Err(error), _) => Done::Failed(failed(&error.to_string())),
                (_, None) => Done::Nothing,
            }
        });
    }
}

/// Whether a model's answers come from elsewhere.
fn is_on_server(info: &ModelInfo) -> bool {
    !matches!(ModelAddress::of_path(&info.path), Ok(None))
}

impl InsidePage {
    fn show_tab(&mut self, tab: InsideTab) {
        if self.order.tab != tab {
            self.order.tab = tab;
            (self.order.channel, self.order.part) = (None, 0);
            self.freeze(false);
        }
    }

    fn show_tensor(&mut self, name: Option<String>) {
        if self.order.tensor != name {
            self.freeze(false);
        }
        self.order.tensor = name;
        (self.order.kernels, self.order.first) = (false, false);
        (self.order.channel, self.order.part) = (None, 0);
    }
}
