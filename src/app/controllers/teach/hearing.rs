//! What the project's thread told: what the page shows of it, and what the user is told.

use std::sync::Arc;

use super::collecting::Collecting;
use super::desk::{Desk, Told};
use super::{TeachController, choice};
use crate::app::controllers::core::Core;
use crate::app::intent::{Intent, TeachIntent};
use crate::app::strings::teach_error;
use crate::learn::teach::{Class, HeadChoice, Project, TeachError};

impl TeachController {
    pub(super) fn hear_desk(&mut self, core: &mut Core) {
        let told = self.desk.as_ref().map(Desk::told).unwrap_or_default();
        for told in told {
            match told {
                Told::Opened(Ok((project, notes))) => {
                    let is_other = self.root.as_deref() != Some(project.root());
                    if is_other {
                        core.settings.remember_teach_project(project.root());
                        self.page.notes = notes;
                        self.page.backbone = choice::of_project(&project, core);
                        self.has_chosen = false;
                    }
                    self.root = Some(project.root().to_owned());
                    self.page.opening = false;
                    self.page.error = None;
                    self.changed(project);
                }
                Told::Opened(Err(error)) => {
                    let text = teach_error(&error, core.language());
                    self.close();
                    self.page.error = Some(text);
                    return;
                }
                Told::Changed(project) => self.changed(project),
                Told::FrameDone(class) => Collecting::saved(class, &mut self.page),
                Told::Hidden => {
                    self.collecting.stop(&mut self.page);
                    let w = &core.strings().teach;
                    core.toasts.bad(w.not_collected, w.hidden);
                }
                Told::NoClass => {
                    self.collecting.stop(&mut self.page);
                    core.failed(core.strings().teach.class_gone);
                }
                Told::Broken => {
                    self.close();
                    self.page.error = Some(core.strings().teach.broken.to_owned());
                    return;
                }
                told => self.tell(told, core),
            }
        }
    }

    /// Tells the user what happened to files of a project, open or not.
    pub(super) fn tell(&mut self, told: Told, core: &mut Core) {
        let w = &core.strings().teach;
        match told {
            Told::Added(added, failed, why) => {
                if added > 0 {
                    core.toasts.good(&(w.added)(added), "");
                }
                if let Some(why) = why {
                    let text = teach_error(&why, core.language());
                    core.toasts.bad(&(w.not_added)(failed), text);
                } else if added == 0 {
                    core.toasts.bad(w.not_collected, w.nothing_added);
                }
            }
            Told::Removed(undo) => {
                let title = match &undo.class {
                    Some(class) => (w.removed_class)(&class.name),
                    None => w.removed_example.to_owned(),
                };
                let can_be_restored = undo.gone.can_be_restored();
                let undo = Intent::Teach(TeachIntent::Restore(undo));
                core.toasts.good(&title, "").undo = Some(undo).filter(|_| can_be_restored);
            }
            Told::Restored => drop(core.toasts.good(w.restored, "")),
            // The page was closed before the project was open, or isn't shown any more.
            Told::Opened(Err(TeachError::Stopped) | Ok(_))
            | Told::Changed(_)
            | Told::FrameDone(_)
            | Told::Hidden
            | Told::NoClass => {}
            Told::Failed(error) | Told::Opened(Err(error)) => self.failed(&error, core),
            Told::Broken => core.failed(w.broken),
        }
    }

    /// An order failed. What goes on as long as a key is held stops: a full disk is told once.
    fn failed(&mut self, error: &TeachError, core: &mut Core) {
        self.collecting.stop(&mut self.page);
        core.failed(teach_error(error, core.language()));
        self.keep_open();
    }

    /// The project is this one now.
    fn changed(&mut self, project: Arc<Project>) {
        fn content(project: &Project) -> (&[Class], HeadChoice, Option<f64>) {
            (project.classes(), project.settings.head, project.settings.c)
        }
        let is_new = self.page.project.as_ref().is_none_or(|old| content(old) != content(&project));
        self.page.project = Some(project);
        self.collecting.changed(&mut self.page);
        let renamed = self.page.renaming.as_ref().map(|renaming| renaming.class);
        if renamed.is_some_and(|class| self.page.place(class).is_none()) {
            self.page.renaming = None;
        }
        if is_new {
            self.plan.changed(&mut self.page);
        }
    }
}
