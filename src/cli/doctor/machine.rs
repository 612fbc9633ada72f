//! The program, the system, the processor, the display, the folders.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Check;
use crate::cli::output;
use crate::model::folders;

/// The program itself.
pub fn program() -> Check {
    let place = std::env::current_exe().map_or_else(|_| "?".into(), |p| p.display().to_string());
    Check::ok("Sightline", format!("{} ({place})", env!("CARGO_PKG_VERSION")))
}

/// The operating system.
pub fn system() -> Check {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty = release.lines().find_map(|l| l.strip_prefix("PRETTY_NAME=")).map(|n| n.trim_matches('"'));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let name = pretty.unwrap_or(std::env::consts::OS);
    Check::ok("system", format!("{name} {} {}", kernel.trim(), std::env::consts::ARCH))
}

/// The processor, with the instruction sets that models can use.
pub fn processor() -> Check {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named =
        cpuinfo.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':').map(|(_, v)| v.trim()));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let features = features();
    let found = format!(
        "{}, {}{}",
        named.unwrap_or(std::env::consts::ARCH),
        if cores == 1 { "1 core".into() } else { format!("{cores} cores") },
        if features.is_empty() { String::new() } else { format!(", {}", features.join(" ")) }
    );
    if cfg!(target_arch = "x86_64") && !features.contains(&"AVX2") {
        return Check::limited(
            "processor",
            found,
            "Models run several times slower without AVX2; there is no remedy.",
        );
    }
    Check::ok("processor", found)
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let has = [
        ("AVX2", std::is_x86_feature_detected!("avx2")),
        ("AVX-512", std::is_x86_feature_detected!("avx512f")),
        ("VNNI", std::is_x86_feature_detected!("avx512vnni")),
    ];
    has.into_iter().filter_map(|(name, has)| has.then_some(name)).collect()
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<&'static str> {
    vec!["NEON"]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

/// Memory, if the system tells it.
pub fn memory() -> Check {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let bytes = |key: &str| -> Option<u64> {
        let line = info.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    };
    let (Some(all), Some(free)) = (bytes("MemTotal"), bytes("MemAvailable")) else {
        return Check::ok("memory", "not known on this system");
    };
    let found = format!("{}, {} free", output::size(all), output::size(free));
    if free < 500_000_000 {
        Check::limited("memory", found, "Close other programs: models need up to a few hundred megabytes.")
    } else {
        Check::ok("memory", found)
    }
}

/// The display on which the window would open.
pub fn display() -> Check {
    if !cfg!(target_os = "linux") {
        return Check::ok("display", "the system's own");
    }
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let found = match (set("WAYLAND_DISPLAY"), set("DISPLAY")) {
        (Some(name), _) => format!("Wayland ({name})"),
        (None, Some(name)) => format!("X11 ({name})"),
        (None, None) => {
            return Check::limited(
                "display",
                "none: the window can't open here",
                "Log in to a desktop; \u{201c}sightline predict\u{201d} works without one.",
            );
        }
    };
    let missing = missing_libraries();
    if missing.is_empty() {
        return Check::ok("display", found);
    }
    Check::limited(
        "display",
        format!("{found}, but these libraries are missing: {}", missing.join(", ")),
        "Debian, Ubuntu: sudo apt install libgl1 libegl1 libxkbcommon0 libxkbcommon-x11-0 libx11-xcb1 libxcursor1 libxi6.",
    )
}

/// Libraries that the window needs and that the system's loader doesn't know. Empty if the loader's list can't be read.
fn missing_libraries() -> Vec<&'static str> {
    const NEEDED: [&str; 3] = ["libEGL.so.1", "libxkbcommon.so.0", "libX11.so.6"];
    let asked = ["/sbin/ldconfig", "ldconfig"]
        .into_iter()
        .find_map(|p| Command::new(p).arg("-p").stdin(Stdio::null()).stderr(Stdio::null()).output().ok());
    let list = asked.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    if list.is_empty() {
        return Vec::new();
    }
    NEEDED.into_iter().filter(|name| !list.contains(name)).collect()
}

/// Whether Sightline's own folders can be written to.
pub fn folders() -> Vec<Check> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().ok();
    let settings = base.map(|b| b.config_dir().join("sightline"));
    let mut checks = vec![folder("data folder", folders::data_folder()), folder("settings folder", settings)];
    let models: Vec<String> = folders::model_folders()
        .iter()
        .map(|f| format!("{}{}", f.display(), if f.is_dir() { "" } else { " (not there)" }))
        .collect();
    checks.push(Check::ok("models folders", models.join(", ")));
    checks
}

fn folder(name: &'static str, path: Option<PathBuf>) -> Check {
    let Some(path) = path else {
        return Check::limited(
            name,
            "this account has no home folder",
            "Set HOME to a folder that can be written to.",
        );
    };
    // A missing folder is created when it is needed: its nearest parent must be writable.
    let there = path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    match tempfile::tempfile_in(there) {
        Ok(_) => Check::ok(name, path.display().to_string()),
        Err(error) => Check::limited(
            name,
            format!("{} can't be written to: {error}", path.display()),
            format!("Let this account write to \u{201c}{}\u{201d}.", there.display()),
        ),
    }
}
