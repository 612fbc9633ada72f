//! `sightline models servers` and `models list --server`: inference servers and their models.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Format};
use crate::library::servers::{self, ServedModel};
use crate::model::{ModelError, folders};
use crate::server::{
    AddressError, ListedModel, SavedServer, ServerAddress, ServerError, ServerList, ServerListError, Stop,
    Token,
};
use crate::whole_file;

/// Arguments of `sightline models servers`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "An address is oip://HOST:PORT (HTTP), oips:// (HTTP over TLS), grpc:// or grpcs://. Triton, KServe, OpenVINO Model \
    Server and MLServer speak one or both.\n\n\
    Examples:\n  sightline models servers add oips://lab.example.org --token-file token.txt --ca lab.pem\n  \
    sightline models list --server oips://lab.example.org\n  \
    sightline predict street.mp4 --model oips://lab.example.org/yolox_nano"
)]
pub struct ServersArgs {
    #[command(subcommand)]
    command: Option<ServersCommand>,
    /// Output: text, or a JSON array
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Subcommand)]
enum ServersCommand {
    /// Save a server, or change what is saved for it
    Add(AddArgs),
    /// Forget a server and its token
    Remove(RemoveArgs),
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// Address of the server, without a model
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// File that holds a bearer token for the server; “-” reads it from standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// File with certificates (PEM) of the authority that the server's certificate is from
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Another server that runs its models while it doesn't; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    fallback: Vec<String>,
    /// While no server responds, run the model of the same name in the library, on this computer
    #[arg(long)]
    fallback_local: bool,
    /// Nothing runs its models while it doesn't: forgets its fallbacks
    #[arg(long, conflicts_with_all = ["fallback", "fallback_local"])]
    no_fallback: bool,
}

impl AddArgs {
    /// Changes what is saved for the server as the arguments say.
    fn change(&self, server: &mut SavedServer, fallback: &[ServerAddress]) {
        if let Some(ca) = &self.ca {
            server.ca = Some(std::path::absolute(ca).unwrap_or_else(|_| ca.clone()));
        }
        if self.no_fallback || !fallback.is_empty() {
            server.fallback = fallback.to_vec();
        }
        server.fallback_local = (server.fallback_local || self.fallback_local) && !self.no_fallback;
    }
}

#[derive(Debug, clap::Args)]
struct RemoveArgs {
    /// Address of the server
    #[arg(value_name = "ADDRESS")]
    address: String,
}

/// Runs `sightline models servers`.
///
/// # Errors
/// An address that isn't one, or a list that can't be read or written.
pub fn run(args: &ServersArgs) -> Result<Exit, Failure> {
    match &args.command {
        None => show(args.format),
        Some(ServersCommand::Add(args)) => add(args),
        Some(ServersCommand::Remove(args)) => remove(args),
    }
}

fn address(text: &str) -> Result<ServerAddress, Failure> {
    text.parse().map_err(|error: AddressError| Failure::usage(error.to_string(), error.fix()))
}

fn failure(error: &ServerListError) -> Failure {
    Failure::failed(error.to_string(), error.fix())
}

fn folder() -> Result<PathBuf, Failure> {
    folders::servers_folder()
        .ok_or_else(|| Failure::failed("This account has no folder for settings.", "Set SIGHTLINE_DATA_DIR."))
}

fn add(args: &AddArgs) -> Result<Exit, Failure> {
    let address = address(&args.address)?;
    let folder = folder()?;
    let token = args.token_file.as_deref().map(read_token).transpose()?;
    let fallback: Vec<ServerAddress> =
        args.fallback.iter().map(|text| self::address(text)).collect::<Result<_, _>>()?;
    let put = |list: &mut ServerList| {
        let mut server = list.find(&address).cloned().unwrap_or_else(|| SavedServer::new(address.clone()));
        args.change(&mut server, &fallback);
        list.put(server, token.clone());
    };
    // A certificate that can't be used is told now, not with the first frame.
    let mut new = ServerList::load(&folder).map_err(|error| failure(&error))?;
    put(&mut new);
    let seen = servers::ask(&address, &new.access(&address), &Stop::default());
    if let Err(error @ (ServerError::BadCertificateFile { .. } | ServerError::Setup { .. })) = &seen {
        return Err(Failure::usage(error.to_string(), error.fix()));
    }
    ServerList::change(&folder, put).map_err(|error| failure(&error))?;
    match seen {
        Ok(seen) => {
            output::line(&format!("Saved {address}: {} {}.", seen.info.name, seen.info.version))?;
            output::line(&format!("Its models:  sightline models list --server {address}"))?;
            Ok(Exit::Done)
        }
        Err(error) => {
            output::line(&format!("Saved {address}."))?;
            output::note(&format!("warning: {error} {}", error.fix()));
            Ok(Exit::Done)
        }
    }
}

fn read_token(path: &std::path::Path) -> Result<Token, Failure> {
    /// Tokens are shorter.
    const MOST: u64 = 64 << 10;
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(std::io::stdin(), MOST), &mut text)
            .map(|_| text)
    } else {
        whole_file::read_text(path, MOST)
    };
    let name = path.display();
    let text = text.map_err(|error| {
        Failure::usage(
            format!("The token in \u{201c}{name}\u{201d} can't be read: {error}."),
            "Check the name.",
        )
    })?;
    Token::new(&text).ok_or_else(|| {
        Failure::usage(format!("\u{201c}{name}\u{201d} holds no token."), "Put the token into it, alone.")
    })
}

fn remove(args: &RemoveArgs) -> Result<Exit, Failure> {
    let address = address(&args.address)?;
    let folder = folder()?;
    let (_, removed) =
        ServerList::change(&folder, |list| list.remove(&address)).map_err(|error| failure(&error))?;
    if !removed {
        let fix = "\u{201c}sightline models servers\u{201d} lists those that are.";
        return Err(Failure::usage(format!("{address} isn\u{2019}t saved."), fix));
    }
    output::line(&format!("Removed {address}."))?;
    Ok(Exit::Done)
}

/// A saved server as JSON.
#[derive(Serialize)]
struct ServerJson {
    address: String,
    /// Its name and version, if it responds.
    server: Option<String>,
    /// How long it takes to answer a question, in milliseconds: the network's part of a run.
    network_ms: Option<f64>,
    has_token: bool,
    fallback: Vec<String>,
    fallback_local: bool,
    error: Option<String>,
}

fn show(format: Format) -> Result<Exit, Failure> {
    let list = ServerList::load(&folder()?).map_err(|error| failure(&error))?;
    if list.servers().is_empty() && format == Format::Text {
        output::line("No server is saved. Save one with:  sightline models servers add ADDRESS")?;
        return Ok(Exit::Done);
    }
    // All at once: one that doesn't respond takes seconds.
    let servers: Vec<ServerJson> = std::thread::scope(|scope| {
        let ask = |saved: &SavedServer| describe(&list, saved);
        let threads: Vec<_> =
            list.servers().iter().map(|saved| (saved, scope.spawn(move || ask(saved)))).collect();
        threads.into_iter().filter_map(|(_, thread)| thread.join().ok()).collect()
    });
    if format == Format::Json {
        output::json(&servers)?;
        return Ok(Exit::Done);
    }
    let head = ["address", "server", "network", "token", "while it doesn\u{2019}t respond"];
    let row = |server: &ServerJson| {
        let mut fallback = server.fallback.clone();
        fallback.extend(server.fallback_local.then(|| "this computer".to_owned()));
        vec![
            server.address.clone(),
            server.server.clone().unwrap_or_else(|| "doesn\u{2019}t respond".into()),
            server.network_ms.map_or_else(|| "–".into(), |ms| format!("{ms:.1} ms")),
            if server.has_token { "saved".into() } else { "–".into() },
            if fallback.is_empty() { "–".into() } else { fallback.join(", ") },
        ]
    };
    let rows = std::iter::once(head.map(str::to_owned).to_vec()).chain(servers.iter().map(row));
    output::lines(&output::table(&rows.collect::<Vec<_>>(), &[false, false, true]))?;
    for error in servers.iter().filter_map(|server| server.error.as_ref()) {
        output::line(error)?;
    }
    Ok(Exit::Done)
}

fn describe(list: &ServerList, saved: &SavedServer) -> ServerJson {
    let asked = servers::ask(&saved.address, &list.access(&saved.address), &Stop::default());
    let (info, error) = match asked {
        Ok(reached) => (Some(reached), None),
        Err(error) => (None, Some(format!("{error} {}", error.fix()))),
    };
    ServerJson {
        address: saved.address.to_string(),
        server: info.as_ref().map(|reached| format!("{} {}", reached.info.name, reached.info.version)),
        network_ms: info.map(|reached| reached.network.as_secs_f64() * 1000.0),
        has_token: list.has_token(&saved.address),
        fallback: saved.fallback.iter().map(ToString::to_string).collect(),
        fallback_local: saved.fallback_local,
        error,
    }
}

/// A model of a server as JSON.
#[derive(Serialize)]
struct Served<'a> {
    #[serde(flatten)]
    listed: &'a ListedModel,
    /// What `--model` takes.
    address: String,
    family: Option<&'static str>,
    task: Option<&'static str>,
    /// Width and height of its input.
    input: Option<(u32, u32)>,
    /// What the server computes for a run, on average, in milliseconds, if it tells: the model's part of a run.
    model_ms: Option<f64>,
    /// Why it isn't understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// `sightline models list --server`: the models that a server has.
///
/// # Errors
/// An address that isn't one, or a server that doesn't list its models.
pub fn list(server: &str, format: Format) -> Result<Exit, Failure> {
    let address = address(server)?;
    let saved = ServerList::load(&folder()?).map_err(|error| failure(&error))?;
    let failed = |error: ServerError| Failure::from(anyhow::Error::from(ModelError::from(error)));
    let access = saved.access(&address);
    let reached = servers::ask_models(&address, &access, &Stop::default(), None).map_err(failed)?;
    if reached.left_out > 0 {
        let rest = reached.left_out;
        output::note(&format!("warning: the server has {rest} more models, which aren\u{2019}t listed."));
    }
    let models = reached.models.map_err(failed)?;
    let models: Vec<Served<'_>> = models.iter().map(Served::of).collect();
    if format == Format::Json {
        output::json(&models)?;
        return Ok(Exit::Done);
    }
    if models.is_empty() {
        output::line(&format!("{address} has no model."))?;
        return Ok(Exit::Done);
    }
    let head = ["model", "version", "state", "family", "task", "input", "model time", "address"];
    let dash = || "–".to_owned();
    let row = |model: &Served<'_>| {
        let state = match (model.listed.ready, &model.listed.reason) {
            (true, _) => "ready".to_owned(),
            (false, Some(reason)) => format!("not ready: {reason}"),
            (false, None) => "not ready".to_owned(),
        };
        vec![
            model.listed.name.clone(),
            model.listed.version.clone().unwrap_or_else(dash),
            state,
            model.family.map_or_else(|| "not recognised".into(), str::to_owned),
            model.task.map_or_else(dash, str::to_owned),
            model.input.map_or_else(dash, |(width, height)| format!("{width}\u{d7}{height}")),
            model.model_ms.map_or_else(dash, |ms| format!("{ms:.1} ms")),
            model.address.clone(),
        ]
    };
    let rows = std::iter::once(head.map(str::to_owned).to_vec()).chain(models.iter().map(row));
    output::lines(&output::table(
        &rows.collect::<Vec<_>>(),
        &[false, true, false, false, false, true, true],
    ))?;
    Ok(Exit::Done)
}

impl<'a> Served<'a> {
    fn of(model: &'a ServedModel) -> Self {
        let spec = model.known();
        Self {
            listed: &model.listed,
            address: model.address.to_string(),
            family: spec.map(|spec| spec.family.name()),
            task: spec.map(|spec| spec.task.name()),
            input: spec.map(|spec| spec.input.size.bound()),
            model_ms: model.compute.map(|time| time.as_secs_f64() * 1000.0),
            error: model.spec.as_ref().and_then(|spec| spec.as_ref().err().cloned()),
        }
    }
}
