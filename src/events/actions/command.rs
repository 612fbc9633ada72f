//! A program that is run for an event, without a shell: an argument stays one argument, whatever names it holds.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::{ActionError, Fired, Stop, Success};
use crate::events::record::{EventRecord, rfc3339_text};
use crate::events::rule::CommandAction;
use crate::library::names::excerpt;

/// What arguments may hold.
pub const PLACEHOLDERS: [&str; 9] =
    ["rule", "when", "class", "zone", "line", "track", "time", "source", "file"];

/// How much of what a program writes is kept, in bytes; the rest is read and dropped.
const OUTPUT: usize = 4096;
/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(15);

/// Whether an argument asks for the snapshot's file.
#[must_use]
pub fn wants_file(action: &CommandAction) -> bool {
    action.arguments.iter().any(|argument| argument.contains("{file}"))
}

/// The first placeholder in the arguments that isn't known, with its braces.
#[must_use]
pub fn unknown_placeholder(arguments: &[String]) -> Option<String> {
    let mut unknown = None;
    for argument in arguments {
        fill(argument, |name| {
            if !PLACEHOLDERS.contains(&name) {
                unknown.get_or_insert_with(|| format!("{{{name}}}"));
            }
            Cow::Borrowed("")
        });
    }
    unknown
}

/// Replaces `{name}` by what `value` gives; `{{` and `}}` become single braces, and an open brace without an end stays.
fn fill<'a>(argument: &'a str, mut value: impl FnMut(&'a str) -> Cow<'a, str>) -> String {
    let mut out = String::new();
    let mut rest = argument;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
        } else if let (Some(end), "{") = (after.find('}'), brace) {
            out.push_str(&value(&after[..end]));
            rest = &after[end + 1..];
        } else {
            out.push_str(brace);
            rest = after;
        }
    }
    out + rest
}

fn value<'a>(event: &'a EventRecord, file: Option<&Path>, name: &str) -> Cow<'a, str> {
    let text = |text: &'a Option<String>| Cow::Borrowed(text.as_deref().unwrap_or_default());
    match name {
        "rule" => Cow::Borrowed(&event.rule),
        "when" => Cow::Borrowed(&event.when),
        "class" => Cow::Borrowed(&event.class),
        "zone" => text(&event.zone),
        "line" => text(&event.line),
        "track" => event.track.map(|track| track.to_string()).unwrap_or_default().into(),
        "time" => rfc3339_text(event.time).into(),
        "source" => Cow::Borrowed(&event.source),
        "file" => file.map(|file| file.display().to_string()).unwrap_or_default().into(),
        _ => Cow::Borrowed(""),
    }
}

pub(super) fn run(
    action: &CommandAction,
    fired: &Fired,
    file: Option<&Path>,
    stop: &Stop,
) -> Result<Success, ActionError> {
    let argument =
        |argument: &String| fill(argument, |name| Cow::Owned(value(&fired.event, file, name).into()));
    let arguments: Vec<String> = action.arguments.iter().map(argument).collect();
    let limit = Duration::from_secs_f64(action.limit_s.clamp(0.1, 86_400.0));
    let ended = execute(&action.program, &arguments, limit, stop)?;
    if ended.success {
        Ok(Success { note: ended.says, file: None })
    } else {
        Err(ActionError::Failed { program: action.program.clone(), status: ended.status, says: ended.says })
    }
}

/// How a program ended.
pub(super) struct Ended {
    pub success: bool,
    /// "exit status: 1"
    pub status: String,
    /// The first line that it wrote to standard error, or else to standard output.
    pub says: String,
}

/// Runs a program, at most for `limit`. It and all programs that it started are ended then, and when Sightline ends.
pub(super) fn execute(
    program: &Path,
    arguments: &[String],
    limit: Duration,
    stop: &Stop,
) -> Result<Ended, ActionError> {
    let not_started = |error: std::io::Error| ActionError::NotStarted {
        program: program.to_owned(),
        reason: excerpt(&error.to_string(), 120),
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(not_started)?;
    let output = [read(child.stdout.take()), read(child.stderr.take())];
    match wait(&mut child, limit, stop) {
        Ok(status) => {
            // A program that it left behind may hold the pipes open.
            let text =
                |pipe: &Receiver<String>| pipe.recv_timeout(Duration::from_millis(200)).unwrap_or_default();
            let [out, err] = output.each_ref().map(text);
            Ok(Ended {
                success: status.success(),
                status: status.to_string(),
                says: if err.is_empty() || status.success() { out } else { err },
            })
        }
        Err(why) => {
            end(&mut child);
            Err(match why {
                Why::Stopped => ActionError::Stopped,
                Why::TooLong => {
                    ActionError::TooLong { program: program.to_owned(), seconds: limit.as_secs_f64() }
                }
                Why::Lost(error) => not_started(error),
            })
        }
    }
}

enum Why {
    Stopped,
    TooLong,
    Lost(std::io::Error),
}

fn wait(child: &mut Child, limit: Duration, stop: &Stop) -> Result<ExitStatus, Why> {
    let until = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(Why::Lost(error)),
        }
        if Instant::now() >= until {
            return Err(Why::TooLong);
        }
        if stop.wait(POLL) {
            return Err(Why::Stopped);
        }
    }
}

/// Ends a program with all that it started.
fn end(child: &mut Child) {
    #[cfg(target_os = "linux")]
    if let Some(group) = rustix::process::Pid::from_raw(child.id() as i32) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads a pipe to its end on a thread; gives the first line of what was kept.
fn read(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = bounded(1);
    if let Some(mut pipe) = pipe {
        let work = move || {
            let (mut kept, mut buffer) = (Vec::new(), [0; 1024]);
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                let room = OUTPUT.saturating_sub(kept.len()).min(count);
                kept.extend_from_slice(&buffer[..room]);
            }
            let text = String::from_utf8_lossy(&kept);
            let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            let _ = sender.send(excerpt(first, 200));
        };
        // Without a thread there is no text; the pipe closes and the program may see that.
        let _ = std::thread::Builder::new().name("rule-command-output".into()).spawn(work);
    }
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_braces_can_be_written() {
        let event = EventRecord {
            rule: "a; rm -rf /".into(),
            class: "car".into(),
            track: Some(7),
            zone: Some("{rule}".into()),
            ..EventRecord::default()
        };
        let filled = |text: &str| {
            fill(text, |name| Cow::Owned(value(&event, Some(Path::new("/p/a.png")), name).into()))
        };
        assert_eq!(filled("{rule}"), "a; rm -rf /", "one argument");
        assert_eq!(filled("{class} #{track} in {zone}"), "car #7 in {rule}", "values aren't filled again");
        assert_eq!(filled("{{class}} {{}} {file}"), "{class} {} /p/a.png");
        assert_eq!(filled("{class"), "{class");
        assert_eq!(filled("100 } %"), "100 } %");
        assert_eq!(filled("{line}|"), "|");
        let of = |text: &str| unknown_placeholder(&[text.to_owned()]);
        assert_eq!(of("{rule} {{x}}"), None);
        assert_eq!(of("{rule} {colour}"), Some("{colour}".into()));
    }

    #[cfg(unix)]
    fn sh(script: &str, limit: Duration) -> Result<Ended, ActionError> {
        let (keep, stop) = bounded(0);
        let ended = execute(Path::new("/bin/sh"), &["-c".into(), script.into()], limit, &Stop(stop));
        drop::<crossbeam_channel::Sender<()>>(keep);
        ended
    }

    #[cfg(unix)]
    #[test]
    fn a_program_says_how_it_ended_and_much_output_is_no_trouble() {
        let long = Duration::from_secs(20);
        let fine = sh("echo done; yes | head -c 3000000; yes | head -c 3000000 >&2", long).expect("it ran");
        assert!(fine.success && fine.says == "done", "{}", fine.says);
        let failed = sh("echo out; echo 'no such thing' >&2; exit 3", long).expect("it ran");
        assert!(!failed.success && failed.says == "no such thing" && failed.status.contains('3'));
        let missing = execute(Path::new("/no/such/program"), &[], long, &Stop(bounded(0).1));
        assert!(matches!(missing, Err(ActionError::NotStarted { .. })));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_that_takes_too_long_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let pid = folder.path().join("pid");
        let script = format!("sleep 300 & echo $! > {}; wait", pid.display());
        let begin = Instant::now();
        assert!(matches!(sh(&script, Duration::from_millis(600)), Err(ActionError::TooLong { .. })));
        assert!(begin.elapsed() < Duration::from_secs(5));
        let pid = std::fs::read_to_string(pid).expect("written");
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        let gone = || state().map_or(true, |stat| stat.contains(") Z "));
        let until = Instant::now() + Duration::from_secs(5);
        while !gone() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(gone(), "{:?}", state());
    }

    #[cfg(unix)]
    #[test]
    fn a_program_is_ended_when_the_lane_is() {
        let (keep, stop) = bounded::<()>(0);
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(keep);
        });
        let begin = Instant::now();
        let ended = execute(
            Path::new("/bin/sh"),
            &["-c".into(), "sleep 60".into()],
            Duration::from_mins(1),
            &Stop(stop),
        );
        assert!(matches!(ended, Err(ActionError::Stopped)) && begin.elapsed() < Duration::from_secs(5));
        stopper.join().expect("no panic");
    }
}
