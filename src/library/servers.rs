//! What inference servers have: their models, and how long they take.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::model::sidecar::Sidecar;
use crate::model::{self, Inspection, Spec};
use crate::server::{
    Access, Client, Limits, ListedModel, ModelAddress, ServerAddress, ServerError, ServerInfo, Stop,
};

/// More models of a server aren't asked about, only listed: each takes a few requests.
const MOST_ASKED: usize = 64;
/// More models of a server are counted only.
const MOST_LISTED: usize = 1000;
/// Longer names, versions and reasons are shown cut, in characters.
const LONGEST_SHOWN: usize = 200;
/// No model has a longer name or version, in bytes: what does is left out.
const LONGEST_NAME: usize = 2000;

/// A server that responds.
#[derive(Clone, Debug, PartialEq)]
pub struct ReachedServer {
    pub info: ServerInfo,
    /// How long it takes to answer a question: the network's part of a run.
    pub network: Duration,
    /// Its models, or why it lists none.
    pub models: Result<Vec<ServedModel>, ServerError>,
    /// So many more it has, which aren't among them.
    pub left_out: usize,
}

/// A model that a server has.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedModel {
    pub listed: ListedModel,
    /// With its version only if the server has several: without, it stays right when the server gets a newer one.
    pub address: ModelAddress,
    /// What it is, or why that isn't known; `None` if it wasn't asked.
    pub spec: Option<Result<Spec, String>>,
    /// What the server computes for a run, on average, if it tells: the model's part of a run.
    pub compute: Option<Duration>,
}

impl ServedModel {
    /// What it is, if that is known.
    #[must_use]
    pub fn known(&self) -> Option<&Spec> {
        self.spec.as_ref().and_then(|spec| spec.as_ref().ok())
    }
}

/// Asks a server about itself, but not about its models.
///
/// # Errors
/// If it can't be reached, or refuses.
pub fn ask(address: &ServerAddress, access: &Access, stop: &Stop) -> Result<ReachedServer, ServerError> {
    reach(address, access, stop).map(|(_, reached)| reached)
}

/// Asks a server about itself and about each of its models. What it told `earlier` of a model that is still the same isn't asked
/// again.
///
/// # Errors
/// If it can't be reached, or refuses.
pub fn ask_models(
    address: &ServerAddress,
    access: &Access,
    stop: &Stop,
    earlier: Option<&ReachedServer>,
) -> Result<ReachedServer, ServerError> {
    let (mut client, mut reached) = reach(address, access, stop)?;
    let mut listed = match client.models() {
        Ok(listed) => listed,
        Err(error) => {
            reached.models = Err(error);
            return Ok(reached);
        }
    };
    let total = listed.len();
    let fits = |model: &ListedModel| {
        model.name.len().max(model.version.as_ref().map_or(0, String::len)) <= LONGEST_NAME
    };
    listed.retain(fits);
    listed.truncate(MOST_LISTED);
    reached.left_out = total - listed.len();
    // A server of another version may read its models otherwise.
    let earlier = earlier.filter(|earlier| earlier.info == reached.info);
    let known: HashMap<_, _> = earlier
        .and_then(|earlier| earlier.models.as_ref().ok())
        .into_iter()
        .flatten()
        // What wasn't understood may have got settings meanwhile.
        .filter(|model| model.known().is_some())
        .map(|model| ((model.address.clone(), model.listed.version.clone()), model))
        .collect();
    let mut versions = HashMap::<_, usize>::new();
    for model in &listed {
        *versions.entry(model.name.clone()).or_default() += 1;
    }
    let mut models = Vec::with_capacity(listed.len());
    for mut listed in listed {
        let mut at = address.model(&listed.name);
        if versions.get(&listed.name).is_some_and(|count| *count > 1) {
            at.version.clone_from(&listed.version);
        }
        cut(&mut listed.name);
        listed.version.iter_mut().chain(&mut listed.reason).for_each(cut);
        let known = known.get(&(at.clone(), listed.version.clone())).copied().filter(|_| listed.ready);
        models.push(match known {
            Some(known) => ServedModel { listed, ..known.clone() },
            None => look_at(&mut client, at, listed, models.len() < MOST_ASKED),
        });
    }
    reached.models = Ok(models);
    Ok(reached)
}

fn cut(text: &mut String) {
    if let Some((at, _)) = text.char_indices().nth(LONGEST_SHOWN) {
        text.truncate(at);
        text.push('\u{2026}');
    }
}

fn reach(
    address: &ServerAddress,
    access: &Access,
    stop: &Stop,
) -> Result<(Client, ReachedServer), ServerError> {
    let mut client = Client::new(address, access, Limits::default(), stop.clone())?;
    // The first request makes the connection.
    let info = client.server_info()?;
    let mut network = Duration::MAX;
    for _ in 0..3 {
        let begin = Instant::now();
        client.server_info()?;
        network = network.min(begin.elapsed());
    }
    Ok((client, ReachedServer { info, network, models: Ok(Vec::new()), left_out: 0 }))
}

fn look_at(client: &mut Client, address: ModelAddress, listed: ListedModel, ask: bool) -> ServedModel {
    if !ask || !listed.ready {
        return ServedModel { listed, address, spec: None, compute: None };
    }
    let inspected = Sidecar::load(&address.to_path())
        .and_then(|settings| model::inspect_on(client, &address, &settings.unwrap_or_default()));
    let spec = match inspected {
        Ok(Inspection { spec: Ok(spec), .. }) => Ok(spec),
        Ok(Inspection { spec: Err(unknown), .. }) => Err(unknown.reason().to_owned()),
        Err(error) => Err(error.to_string().trim_end_matches('.').to_owned()),
    };
    let compute = client.compute_time(&address).ok().flatten();
    ServedModel { listed, address, spec: Some(spec), compute }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    const MODEL: &str = r#"{"name": "any", "platform": "any",
        "inputs": [{"name": "images", "datatype": "FP32", "shape": [1, 3, 416, 416]}],
        "outputs": [{"name": "output", "datatype": "FP32", "shape": [1, 3549, 85]}]}"#;

    /// A server with these models. Returns its address, and how often it was asked about one of them.
    fn serve(index: String) -> (ServerAddress, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("oip://{}", listener.local_addr().expect("an address"));
        let asked = Arc::<AtomicUsize>::default();
        let (index, count) = (Arc::new(index), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (index, count) = (Arc::clone(&index), Arc::clone(&count));
                std::thread::spawn(move || answer(stream, &index, &count));
            }
        });
        (address.parse().expect("an address"), asked)
    }

    fn answer(mut stream: TcpStream, index: &str, asked: &AtomicUsize) -> Option<()> {
        let mut lines = BufReader::new(stream.try_clone().ok()?);
        loop {
            let (mut request, mut length) = (String::new(), 0);
            lines.read_line(&mut request).ok().filter(|read| *read > 0)?;
            loop {
                let mut line = String::new();
                lines.read_line(&mut line).ok()?;
                if line.trim().is_empty() {
                    break;
                }
                if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().ok()?;
                }
            }
            lines.read_exact(&mut vec![0; length]).ok()?;
            let path = request.split(' ').nth(1)?;
            let is_model = path.starts_with("/v2/models/");
            asked.fetch_add(usize::from(is_model), SeqCst);
            let (status, body) = match path {
                "/v2" => ("200 OK", r#"{"name": "test", "version": "1", "extensions": []}"#),
                "/v2/repository/index" => ("200 OK", index),
                _ if is_model && !path.ends_with("/config") && !path.ends_with("/stats") => ("200 OK", MODEL),
                _ => ("404 Not Found", "{}"),
            };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()?;
        }
    }

    #[test]
    fn long_lists_are_cut_versions_told_apart_and_known_models_not_asked_again() {
        let entry = |name: &str, version: u8| format!(r#"{{"name": "{name}", "version": "{version}"}}"#);
        let mut index = vec![entry(&"a".repeat(300), 1), entry(&"b".repeat(5000), 1)];
        index.extend([entry("car", 1), entry("car", 2)]);
        index.extend((0..1500).map(|n| entry(&format!("m{n:04}"), 1)));
        let (server, asked) = serve(format!("[{}]", index.join(",")));
        let access = Access::default();
        let ask = |earlier: Option<&ReachedServer>| {
            ask_models(&server, &access, &Stop::default(), earlier).expect("it responds")
        };
        let first = ask(None);
        assert_eq!(first.left_out, 504);
        let models = first.models.as_ref().expect("a list");
        assert_eq!(models.len(), 1000);
        assert_eq!(models[0].listed.name.chars().count(), 201);
        assert_eq!(models[0].address.model.len(), 300, "it can be used all the same");
        let address = |n: usize| models[n].address.to_string();
        assert_eq!(
            [address(1), address(2), address(3)],
            [format!("{server}/car/1"), format!("{server}/car/2"), format!("{server}/m0000")]
        );
        assert!(models[1].known().is_some(), "{:?}", models[1].spec);
        let before = asked.load(SeqCst);
        assert!(before >= MOST_ASKED);
        assert_eq!(ask(Some(&first)).models, first.models);
        assert_eq!(asked.load(SeqCst), before, "nothing new to ask");
        ask(None);
        assert!(asked.load(SeqCst) > before);
    }
}
