//! The inference servers on the library page: the saved ones, what each has, adding and forgetting them.

use std::time::Instant;

use super::core::Core;
use crate::app::intent::ServersIntent;
use crate::app::servers::{ASK_AGAIN, Asked, ServerRow};
use crate::app::workers::{Done, ServersDone};
use crate::library::servers;
use crate::model::folders;
use crate::server::{ServerAddress, ServerList, ServerListError, Stop};

/// The state of the list of servers.
#[derive(Debug, Default)]
pub struct ServersController {
    list: ListState,
    rows: Vec<ServerRow>,
    /// Ends the questions when the window closes.
    stop: Stop,
}

/// Whether the saved list is known.
#[derive(Debug, Default)]
enum ListState {
    #[default]
    Unread,
    Reading,
    Read(ServerList),
    Failed(ServerListError),
}

impl Drop for ServersController {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

impl ServersController {
    /// The saved servers, in their order.
    #[must_use]
    pub fn rows(&self) -> &[ServerRow] {
        &self.rows
    }

    /// The list was read.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self.list, ListState::Read(_))
    }

    /// Why the list can't be read.
    #[must_use]
    pub fn error(&self) -> Option<&ServerListError> {
        match &self.list {
            ListState::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: ServersIntent, core: &mut Core) {
        match intent {
            ServersIntent::Read => self.read(core),
            ServersIntent::ReadAgain => {
                if matches!(self.list, ListState::Failed(_)) {
                    self.list = ListState::Unread;
                    self.read(core);
                }
            }
            ServersIntent::Shown => self.shown(core),
            ServersIntent::Ask(address) => self.ask(&address, core),
            ServersIntent::Add { server, token } => {
                let (address, renewed) = (server.address.clone(), token.is_some());
                self.change(core, |list| list.put(*server, token));
                if renewed {
                    // Another token may change what it answers.
                    self.ask(&address, core);
                }
            }
            ServersIntent::Remove(address) => self.change(core, |list| {
                list.remove(&address);
            }),
        }
    }

    fn read(&mut self, core: &Core) {
        if matches!(self.list, ListState::Unread) {
            self.list = ListState::Reading;
            core.workers.run("servers", || Done::Servers(ServersDone::List(load())));
        }
    }

    /// The list is on screen: it is read, and servers that weren't asked for a while are asked.
    fn shown(&mut self, core: &Core) {
        self.read(core);
        let due = |row: &ServerRow| !row.asking && row.since.is_none_or(|since| since.elapsed() >= ASK_AGAIN);
        let due: Vec<ServerAddress> =
            self.rows.iter().filter(|row| due(row)).map(|row| row.saved.address.clone()).collect();
        for address in due {
            self.ask(&address, core);
        }
    }

    fn ask(&mut self, address: &ServerAddress, core: &Core) {
        let ListState::Read(list) = &self.list else { return };
        let Some(row) = self.rows.iter_mut().find(|row| row.saved.address == *address && !row.asking) else {
            return;
        };
        row.asking = true;
        row.since = Some(Instant::now());
        let (address, access, stop) = (address.clone(), list.access(address), self.stop.clone());
        core.workers.run("server", move || {
            let reached = servers::ask(&address, &access, &stop, true);
            Done::Servers(ServersDone::Asked(address, reached.map(Box::new)))
        });
    }

    /// Changes the list and saves it.
    fn change(&mut self, core: &Core, change: impl FnOnce(&mut ServerList)) {
        let ListState::Read(list) = &mut self.list else { return };
        change(list);
        let saved = list.clone();
        self.show_list();
        core.workers.run("save servers", move || {
            let folder = folders::servers_folder();
            Done::Servers(ServersDone::Saved(folder.map_or(Ok(()), |folder| saved.save(&folder))))
        });
        self.shown(core);
    }

    /// Rows for the list; what is known of servers that stay is kept.
    fn show_list(&mut self) {
        let ListState::Read(list) = &self.list else { return };
        let mut old = std::mem::take(&mut self.rows);
        self.rows = list
            .servers()
            .iter()
            .map(|saved| {
                let has_token = list.has_token(&saved.address);
                let same = |row: &ServerRow| row.saved.address == saved.address;
                match old.iter().position(same).map(|at| old.swap_remove(at)) {
                    // A first token or another certificate may change what it answers.
                    Some(row) if row.saved.ca == saved.ca && row.has_token == has_token => {
                        ServerRow { saved: saved.clone(), ..row }
                    }
                    _ => ServerRow {
                        saved: saved.clone(),
                        has_token,
                        state: Asked::Never,
                        asking: false,
                        since: None,
                    },
                }
            })
            .collect();
    }

    /// Takes over a worker's result.
    pub fn done(&mut self, done: ServersDone, core: &mut Core) {
        match done {
            ServersDone::List(Ok(list)) => {
                self.list = ListState::Read(list);
                self.show_list();
            }
            ServersDone::List(Err(error)) => self.list = ListState::Failed(error),
            ServersDone::Saved(Ok(())) => {}
            ServersDone::Saved(Err(error)) => {
                core.failed_with(&error);
            }
            ServersDone::Asked(address, reached) => {
                let Some(row) = self.rows.iter_mut().find(|row| row.saved.address == address) else { return };
                row.asking = false;
                row.state = match reached {
                    Ok(reached) => Asked::Reached(reached),
                    Err(error) => Asked::Failed(error),
                };
            }
        }
    }
}

fn load() -> Result<ServerList, ServerListError> {
    folders::servers_folder().map_or_else(|| Ok(ServerList::default()), |folder| ServerList::load(&folder))
}
