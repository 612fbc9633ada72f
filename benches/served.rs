//! What a model on a server costs, next to the model here, next to Triton's own Python client, and with many clients at once. All in
//! turns in one run, with Triton on this computer, so that they share a machine and its moods.
//!
//! `cargo bench --bench served`; needs what `make test` sets up in `.setup/servers`. `--model FILE` takes another model than
//! `../shared/models/yolox_nano.onnx`, `--runs N` other numbers of runs than 40 a turn, `--clients N` other clients than 32 at most.

#[path = "../tests/common/servers.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod servers;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use servers::{KServe, Server, Triton, python};
use sightline::deploy;
use sightline::frame::Frame;
use sightline::model::sidecar::Sidecar;
use sightline::model::{Model, OpenOptions, Results, Thresholds};

/// Rounds of all contestants.
const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let value = |name: &str| arguments.iter().skip_while(|a| *a != name).nth(1).cloned();
    let file = value("--model").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/models/yolox_nano.onnx")),
        PathBuf::from,
    );
    let runs = value("--runs").and_then(|n| n.parse().ok()).unwrap_or(40);
    let most: usize = value("--clients").and_then(|n| n.parse().ok()).unwrap_or(32);
    let folder = tempfile::tempdir()?;
    let name = file.file_stem().context("a file")?.to_string_lossy().into_owned();
    let repository = folder.path().join("repository");
    let served = folder.path().join("served");
    deploy_to(deploy::Target::Triton, &file, &repository)?;
    deploy_to(deploy::Target::KServe, &file, &served)?;
    let triton = Triton::start(&repository);
    compare(&file, &name, &triton, &served, runs)?;
    println!(
        "\nclients at once, HTTP: results a second, round trip median and 95 %, fewest and most results of a client"
    );
    let address = format!("oip://127.0.0.1:{}/{name}", triton.http);
    let mut clients = 1;
    while clients <= most {
        together(&address, clients)?;
        clients *= 2;
    }
    Ok(())
}

fn deploy_to(target: deploy::Target, file: &Path, folder: &Path) -> anyhow::Result<()> {
    let options = deploy::Options { python: true, threads: Some(1), ..deploy::Options::default() };
    deploy::deploy(file, &Sidecar::default(), target, folder, &options)?;
    Ok(())
}

/// One that is measured: a round of runs gives the milliseconds of each.
struct Contestant<'a> {
    name: &'static str,
    run: Box<dyn FnMut(usize) -> anyhow::Result<Vec<f64>> + 'a>,
    times: Vec<f64>,
    bytes: Option<(usize, usize)>,
}

fn compare(file: &Path, name: &str, triton: &Server, served: &Path, runs: usize) -> anyhow::Result<()> {
    let kserve = KServe::start(&served.join(name));
    let options = OpenOptions { threads: Some(1), ..OpenOptions::default() };
    let open = |address: &str| -> anyhow::Result<Model> {
        let mut model = Model::open(address.as_ref(), &options)?;
        model.warm_up()?;
        Ok(model)
    };
    let mut contestants = Vec::new();
    for (label, address) in [
        ("the bare run here, 1 thread", file.display().to_string()),
        ("Triton, HTTP, Sightline", format!("oip://127.0.0.1:{}/{name}", triton.http)),
        ("Triton, gRPC, Sightline", format!("grpc://127.0.0.1:{}/{name}", triton.grpc)),
        ("KServe, HTTP, Sightline", format!("oip://127.0.0.1:{}/{name}", kserve.http)),
        ("KServe, gRPC, Sightline", format!("grpc://127.0.0.1:{}/{name}", kserve.grpc)),
    ] {
        let mut model = open(&address)?;
        let frame = Frame::filled(640, 480, [114, 114, 114, 255]);
        model.run(&frame, &Thresholds::default(), &mut Results::default())?;
        let bytes = model.server().map(|server| (server.now().sent, server.now().received));
        let run = Box::new(move |runs: usize| -> anyhow::Result<Vec<f64>> {
            // The session alone, on the tensor of the last frame, as the Python client does it.
            (0..runs).map(|_| Ok(f64::from(model.bare_run()?.0))).collect()
        });
        contestants.push(Contestant { name: label, run, times: Vec::new(), bytes });
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/common/triton_client.py");
    for (label, kind, port) in [
        ("Triton, HTTP, tritonclient", "http", triton.http),
        ("Triton, gRPC, tritonclient", "grpc", triton.grpc),
    ] {
        let mut client = PythonClient::start(&script, kind, port, name)?;
        contestants.push(Contestant {
            name: label,
            run: Box::new(move |runs| client.run(runs)),
            times: Vec::new(),
            bytes: None,
        });
    }
    for _ in 0..ROUNDS {
        for contestant in &mut contestants {
            let times = (contestant.run)(runs)?;
            contestant.times.extend(times);
        }
    }
    println!("{name}, {ROUNDS} rounds of {runs} runs each, in turns");
    println!(
        "{:32} {:>10} {:>10} {:>12} {:>22}",
        "", "median ms", "95 % ms", "over bare", "bytes there and back"
    );
    let bare = median(&mut contestants[0].times);
    for contestant in &mut contestants {
        let (middle, late) = (median(&mut contestant.times), percentile(&mut contestant.times, 0.95));
        let bytes = contestant.bytes.map_or_else(String::new, |(there, back)| format!("{there} {back}"));
        println!("{:32} {middle:>10.1} {late:>10.1} {:>+12.1} {bytes:>22}", contestant.name, middle - bare);
    }
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    percentile(times, 0.5)
}

fn percentile(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = ((times.len() as f64 - 1.0) * share).round() as usize;
    times.get(at).copied().unwrap_or(f64::NAN)
}

/// Triton's own client, in Python, in a process of its own.
struct PythonClient {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl PythonClient {
    fn start(script: &Path, kind: &str, port: u16, model: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(python("triton"))
            .arg(script)
            .args([kind, &port.to_string(), model])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let (Some(to), Some(from)) = (to, from) else { bail!("no pipes") };
        Ok(Self { child, to, from: BufReader::new(from) })
    }

    fn run(&mut self, runs: usize) -> anyhow::Result<Vec<f64>> {
        writeln!(self.to, "{runs}")?;
        self.to.flush()?;
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        let times: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        ensure!(times.len() == runs, "tritonclient failed: {line}");
        Ok(times)
    }
}

impl Drop for PythonClient {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// So many clients ask for as many results as they can get.
fn together(address: &str, clients: usize) -> anyhow::Result<()> {
    const FOR: Duration = Duration::from_secs(6);
    let until = Instant::now() + FOR;
    let mut counts = Vec::new();
    let mut times = Vec::new();
    std::thread::scope(|scope| {
        let client = || -> anyhow::Result<Vec<f64>> {
            let mut model = Model::open(address.as_ref(), &OpenOptions::default())?;
            let frame = Frame::filled(640, 480, [114, 114, 114, 255]);
            model.run(&frame, &Thresholds::default(), &mut Results::default())?;
            let mut times = Vec::new();
            while Instant::now() < until {
                times.push(f64::from(model.bare_run()?.0));
            }
            Ok(times)
        };
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        for thread in threads {
            let Ok(result) = thread.join() else { bail!("a client crashed") };
            let own = result?;
            counts.push(own.len());
            times.extend(own);
        }
        Ok(())
    })?;
    let total = times.len() as f64 / FOR.as_secs_f64();
    let (middle, late) = (median(&mut times), percentile(&mut times, 0.95));
    let (fewest, most) = (counts.iter().min().unwrap_or(&0), counts.iter().max().unwrap_or(&0));
    println!("{clients:>3}: {total:>6.1}/s  {middle:>7.1} ms  {late:>7.1} ms  {fewest} to {most}");
    Ok(())
}
