//! `sightline models pull` with the user's own lists and mirrors, from a server on this computer.

#![expect(clippy::unwrap_used, reason = "helpers of tests end the test as the tests themselves do")]
#![allow(dead_code, reason = "the server does more than these tests need")]

mod common;
#[path = "downloads/server.rs"]
mod server;

use std::path::PathBuf;

use common::{Ended, TestEnv};
use serde_json::Value;
use server::Server;
use sha2::Digest as _;

/// A field of bytes as Protobuf writes it; of at most 16,383 or of more, two or three bytes tell the length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![number << 3 | 2, (length & 127) as u8 | 128, (length >> 7 & 127) as u8 | 128];
    out.push((length >> 14) as u8);
    [out, content.to_vec()].concat()
}

/// A whole model of 20,000 bytes that adds weights to its input: others for each name.
fn content(name: &str) -> Vec<u8> {
    let weights: Vec<u8> = name.bytes().cycle().take(20_000 - 69).map(|b| b ^ 0x80).collect();
    let node = [field(1, b"x"), field(1, b"w"), field(2, b"y"), field(4, b"Add")].concat();
    let weight = [field(8, b"w"), field(9, &weights)].concat();
    let graph = [field(1, &node), field(5, &weight), field(11, &field(1, b"x")), field(12, &field(1, b"y"))];
    [vec![8, 8], field(7, &graph.concat()), field(8, &[16, 17])].concat()
}

fn sha256(bytes: &[u8]) -> String {
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[digit as usize]));
    sha2::Sha256::digest(bytes).iter().flat_map(digits).collect()
}

/// Sends to each path the content of its last part.
fn serving() -> Server {
    Server::start(|request, reply| {
        let name = request.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".onnx").to_owned();
        if name == "gone" {
            return reply.send("404 Not Found", "text/plain", b"");
        }
        reply.file(request, &content(&name), "v", usize::MAX)
    })
}

/// An entry of the catalogue with these lines beside those that every entry has.
fn entry(id: &str, url: &str, lines: &str) -> String {
    format!(
        "[[model]]\nid = \"{id}\"\nname = \"{id}\"\ntask = \"detect\"\nfamily = \"yolox\"\nfile = \"{id}.onnx\"\n\
         source = \"https://example.org/{id}\"\nurl = \"{url}\"\n{lines}\n"
    )
}

const FREE: &str = "licence = \"MIT\"\npermits = \"commercial\"";

/// Writes a list of the user.
fn list(env: &TestEnv, entries: &[String]) {
    let folder = env.path("..").join("config/sightline/catalog.d");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("own.toml"), format!("version = 1\n{}", entries.concat())).unwrap();
}

fn home(env: &TestEnv) -> PathBuf {
    env.path("..").join("data/sightline/models")
}

fn models(env: &TestEnv, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = env.bare();
    for name in ["SIGHTLINE_MIRROR", "HF_ENDPOINT", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"]
    {
        command.env_remove(name);
    }
    let command = command.arg("models").args(arguments).envs(variables.iter().copied());
    Ended::of(command.output().expect("the program starts"))
}

#[test]
fn an_entry_of_the_users_own_list_is_downloaded_from_its_http_address_and_pinned() {
    let (env, server) = (TestEnv::new(), serving());
    let lines = format!("sha256 = \"unverified\"\n{FREE}\n[model.read]\norder = \"rgb\"");
    list(&env, &[entry("mine", &server.url("/a/mine.onnx"), &lines)]);
    let ended = models(&env, &[], &["pull", "mine"]).with_code(0);
    assert!(ended.out.contains("nobody has published its SHA-256"), "{}", ended.out);
    assert_eq!(std::fs::read(home(&env).join("mine.onnx")).unwrap(), content("mine"));
    assert!(std::fs::read_to_string(home(&env).join("mine.toml")).unwrap().contains("rgb"));
    // Another content at the same address is noticed.
    std::fs::remove_file(home(&env).join("mine.onnx")).unwrap();
    list(&env, &[entry("mine", &server.url("/a/other.onnx"), &lines)]);
    let ended = models(&env, &[], &["pull", "mine"]).with_code(1);
    assert!(ended.err.contains("isn't the right one"), "{}", ended.err);
    // Who knows of a new version says so.
    assert!(ended.err.contains("sightline models remove mine"), "{}", ended.err);
    models(&env, &[], &["remove", "mine"]).with_code(0);
    models(&env, &[], &["pull", "mine"]).with_code(0);
}

/// Of a list, of a server and of the user: each may hold what clears a screen or reverses a text.
#[test]
fn names_from_outside_reach_the_terminal_escaped_and_programs_as_they_are() {
    let (env, server) = (TestEnv::new(), serving());
    let tricks = "\u{1b}[2J\u{7}\u{9b}31m\u{202e}lian";
    let written = r"\u001b[2J\u0007\u009b31m\u202elian";
    let lines = format!("sha256 = \"unverified\"\nlicence = \"MIT {written}\"\npermits = \"copyleft\"");
    let mine = entry("mine", &server.url("/mine.onnx"), &lines)
        .replace("name = \"mine\"", &format!("name = \"M{written}\""));
    let gone = entry("gone", &server.url("/gone.onnx"), &lines)
        .replace("name = \"gone\"", &format!("name = \"G{written}\""));
    list(&env, &[mine, gone]);
    let harmless = |ended: &Ended, what: &str| {
        let all = format!("{}{}", ended.out, ended.err);
        let tricks = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!all.contains(tricks), "{what}: {all:?}");
    };
    for arguments in [
        &["list", "--available"][..],
        &["list", "--available", "--format", "json"],
        &["pull", "gone", "--yes"],
        &["pull", "mine", "--yes"],
        &["rename", "mine", tricks],
        &["list"],
        &["list", "--format", "json"],
        &["info", "mine"],
        &["verify", "mine"],
        &["remove", "mine"],
    ] {
        harmless(&models(&env, &[], arguments), &arguments.join(" "));
    }
    let all = available(&env);
    let entry = all.iter().find(|entry| entry["id"] == "mine").unwrap();
    assert_eq!(entry["name"], format!("M{tricks}"));
    assert_eq!(entry["licence"], format!("MIT {tricks}"));
}

#[test]
fn a_model_is_removed_once_somebody_has_agreed() {
    let (env, server) = (TestEnv::new(), serving());
    list(&env, &[entry("mine", &server.url("/mine.onnx"), &format!("sha256 = \"unverified\"\n{FREE}"))]);
    models(&env, &[], &["pull", "mine"]).with_code(0);
    // Nobody can answer here: standard input is no terminal.
    for (more, question) in [(&[][..], "to the trash?"), (&["--delete"][..], "permanently?")] {
        let arguments = [&["remove", "mine"][..], more].concat();
        let ended = models(&env, &[], &arguments).with_code(2);
        assert!(ended.err.contains(question) && ended.err.contains("--yes"), "{}", ended.err);
        assert!(home(&env).join("mine.onnx").exists());
    }
    models(&env, &[], &["remove", "mine", "--yes"]).with_code(0);
    assert!(!home(&env).join("mine.onnx").exists());
}

#[test]
fn what_is_no_whole_model_is_neither_kept_nor_pinned() {
    let (env, whole) = (TestEnv::new(), content("mine"));
    let noise: Vec<u8> =
        (0..whole.len() as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 | 1).collect();
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    gzip.extend(&noise);
    // Cut within its weights, after its graph (no operator set follows), and with nothing in the graph.
    let bodies = [
        (noise, "sent no whole ONNX model: it is damaged"),
        (gzip, "it is compressed with gzip"),
        (whole[..10_000].to_vec(), "it is cut short"),
        (whole[..whole.len() - 6].to_vec(), "it contains no model"),
        ([vec![8, 8], field(7, b""), field(8, &[16, 17])].concat(), "it contains no model"),
    ];
    let lines = format!("sha256 = \"unverified\"\n{FREE}");
    for (body, reason) in bodies {
        let server = Server::start(move |request, reply| reply.file(request, &body, "v", usize::MAX));
        list(&env, &[entry("mine", &server.url("/mine.onnx"), &lines)]);
        let ended = models(&env, &[], &["pull", "mine"]).with_code(1);
        assert!(ended.err.contains(reason), "{reason}: {}", ended.err);
        let left: Vec<_> = std::fs::read_dir(home(&env)).into_iter().flatten().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
    let server = serving();
    list(&env, &[entry("mine", &server.url("/mine.onnx"), &lines)]);
    models(&env, &[], &["pull", "mine"]).with_code(0);
    assert_eq!(std::fs::read(home(&env).join("mine.onnx")).unwrap(), whole);
}

#[test]
fn a_model_that_was_removed_can_be_downloaded_in_another_version() {
    let (env, server) = (TestEnv::new(), serving());
    let lines = format!("sha256 = \"unverified\"\n{FREE}");
    list(&env, &[entry("mine", &server.url("/old.onnx"), &lines)]);
    models(&env, &[], &["pull", "mine"]).with_code(0);
    models(&env, &[], &["remove", "mine", "--delete", "--yes"]).with_code(0);
    list(&env, &[entry("mine", &server.url("/new.onnx"), &lines)]);
    models(&env, &[], &["pull", "mine"]).with_code(0);
    assert_eq!(std::fs::read(home(&env).join("mine.onnx")).unwrap(), content("new"));
}

#[test]
fn any_of_several_published_contents_is_verified() {
    let (env, server) = (TestEnv::new(), serving());
    let known = [sha256(&content("old")), sha256(&content("new"))];
    let lines = format!("sha256 = \"unverified\"\nknown = [\"{}\", \"{}\"]\n{FREE}", known[0], known[1]);
    list(&env, &[entry("new", &server.url("/new.onnx"), &lines)]);
    let ended = models(&env, &[], &["pull", "new"]).with_code(0);
    assert!(ended.out.contains("its SHA-256 is the published one"), "{}", ended.out);
    std::fs::remove_file(home(&env).join("new.onnx")).unwrap();
    let ended = models(&env, &[], &["pull", "new", "--format", "json"]).with_code(0);
    assert_eq!(ended.json_lines()[0]["trust"], "verified");
    list(&env, &[entry("new", &server.url("/replaced.onnx"), &lines)]);
    std::fs::remove_file(home(&env).join("new.onnx")).unwrap();
    let ended = models(&env, &[], &["pull", "new"]).with_code(1);
    assert!(ended.err.contains("isn't the right one"), "{}", ended.err);
}

#[test]
fn a_server_that_cannot_be_reached_is_named_once_for_all_of_its_models() {
    let (env, server) = (TestEnv::new(), serving());
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lines = format!("sha256 = \"unverified\"\n{FREE}");
    let lost = ["a", "b", "c", "d"].map(|id| entry(id, &format!("http://{nobody}/{id}.onnx"), &lines));
    list(&env, &[lost.concat(), entry("here", &server.url("/here.onnx"), &lines)]);
    let ended = models(&env, &[], &["pull", "a", "b", "c", "d", "here"]).with_code(1);
    let errors: Vec<&str> = ended.err.lines().filter(|line| line.starts_with("error: ")).collect();
    let [error] = errors[..] else { panic!("{}", ended.err) };
    assert!(error.contains("can't be reached") && error.ends_with("and 3 other models weren't downloaded."));
    assert_eq!(ended.err.matches("fix: ").count(), 1, "{}", ended.err);
    assert!(home(&env).join("here.onnx").exists());
}

#[test]
fn progress_is_told_in_lines_where_nobody_sees_a_bar() {
    let env = TestEnv::new();
    let server = Server::start(|request, reply| {
        let bytes = content(&request.path);
        reply.file(request, &bytes, "v", bytes.len() / 2)?;
        std::thread::sleep(std::time::Duration::from_millis(700));
        reply.body(&bytes[bytes.len() / 2..])
    });
    list(&env, &[entry("slow", &server.url("/slow"), &format!("sha256 = \"unverified\"\n{FREE}"))]);
    let ended = models(&env, &[], &["pull", "slow"]).with_code(0);
    assert!(ended.err.contains("slow: 50% ("), "{}", ended.err);
    std::fs::remove_file(home(&env).join("slow.onnx")).unwrap();
    let quiet = models(&env, &[], &["pull", "slow", "--no-progress"]).with_code(0);
    assert_eq!(quiet.err, "");
}

#[test]
fn the_mirror_of_the_settings_stands_in_for_the_hub_unless_the_variable_names_another() {
    let (env, server) = (TestEnv::new(), serving());
    let lines = format!("sha256 = \"{}\"\n{FREE}", sha256(&content("hub")));
    list(&env, &[entry("hub", "https://huggingface.co/somebody/nets/resolve/main/hub.onnx", &lines)]);
    let settings = env.path("..").join("config/sightline/settings.toml");
    std::fs::write(settings, format!("hub-mirror = \"{}\"\n", server.url("/mirror/"))).unwrap();
    models(&env, &[], &["pull", "hub"]).with_code(0);
    assert_eq!(server.requests()[0].path, "/mirror/somebody/nets/resolve/main/hub.onnx");
    std::fs::remove_file(home(&env).join("hub.onnx")).unwrap();
    models(&env, &[("HF_ENDPOINT", &server.url("/variable"))], &["pull", "hub"]).with_code(0);
    assert_eq!(server.requests()[1].path, "/variable/somebody/nets/resolve/main/hub.onnx");
}

#[test]
fn hf_endpoint_stands_in_for_the_hub_and_sightline_mirror_goes_first() {
    let (env, server) = (TestEnv::new(), serving());
    let lines = format!("sha256 = \"{}\"\n{FREE}", sha256(&content("hub")));
    list(&env, &[entry("hub", "https://huggingface.co/somebody/nets/resolve/main/hub.onnx", &lines)]);
    let hub = server.url("/");
    models(&env, &[("HF_ENDPOINT", &hub)], &["pull", "hub"]).with_code(0);
    assert_eq!(server.requests()[0].path, "/somebody/nets/resolve/main/hub.onnx");
    std::fs::remove_file(home(&env).join("hub.onnx")).unwrap();
    let (mirror, empty) = (server.url("/mirror"), serving());
    let both = [("SIGHTLINE_MIRROR", mirror.as_str()), ("HF_ENDPOINT", &empty.url("/"))];
    models(&env, &both, &["pull", "hub"]).with_code(0);
    assert_eq!(server.requests().last().unwrap().path, "/mirror/hub.onnx");
    assert!(empty.requests().is_empty());
}

#[test]
fn a_name_that_nobody_has_is_an_error_of_the_command_line_and_stops_no_other() {
    let (env, server) = (TestEnv::new(), serving());
    let hashed = |name: &str| format!("sha256 = \"{}\"\n{FREE}", sha256(&content(name)));
    list(
        &env,
        &[
            entry("one", &server.url("/one.onnx"), &hashed("one")),
            entry("gone", &server.url("/gone.onnx"), &hashed("gone")),
        ],
    );
    let ended = models(&env, &[], &["pull", "yolox-nanno", "one"]).with_code(2);
    assert!(ended.err.contains("Did you mean yolox-nano"), "{}", ended.err);
    assert!(home(&env).join("one.onnx").exists());
    models(&env, &[], &["pull", "gone"]).with_code(1);
    models(&env, &[], &["pull", "gone", "nothing-of-that-name"]).with_code(2);
}

#[test]
fn a_licence_that_is_not_accepted_stops_its_own_model_alone() {
    let (env, server) = (TestEnv::new(), serving());
    let bound = "sha256 = \"unverified\"\nlicence = \"AGPL-3.0\"\npermits = \"copyleft\"";
    list(
        &env,
        &[
            entry("bound", &server.url("/bound.onnx"), bound),
            entry("free", &server.url("/free.onnx"), &format!("sha256 = \"unverified\"\n{FREE}")),
        ],
    );
    // Nobody can answer here: standard input is no terminal.
    let ended = models(&env, &[], &["pull", "bound", "free"]).with_code(2);
    assert!(ended.err.contains("AGPL-3.0") && ended.err.contains("--yes"), "{}", ended.err);
    assert!(home(&env).join("free.onnx").exists() && !home(&env).join("bound.onnx").exists());
    models(&env, &[], &["pull", "bound", "--yes"]).with_code(0);
    assert!(home(&env).join("bound.onnx").exists());
}

fn available(env: &TestEnv) -> Vec<Value> {
    let ended = models(env, &[], &["list", "--available", "--format", "json"]).with_code(0);
    serde_json::from_str(&ended.out).expect("a JSON array")
}

#[test]
fn the_starter_set_comes_with_its_size_first() {
    let (env, server) = (TestEnv::new(), serving());
    let ids: Vec<String> = available(&env)
        .iter()
        .filter(|e| e["starter"] == true)
        .map(|e| e["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 8);
    // The same models from the server here.
    let entries: Vec<String> = ids
        .iter()
        .map(|id| {
            let bytes = content(id);
            let lines =
                format!("starter = true\nbytes = {}\nsha256 = \"{}\"\n{FREE}", bytes.len(), sha256(&bytes));
            entry(id, &server.url(&format!("/{id}.onnx")), &lines)
        })
        .collect();
    list(&env, &entries);
    let ended = models(&env, &[], &["pull", "starter"]).with_code(0);
    assert!(ended.err.starts_with("The starter set: 8 models, 160.0 kB to download."), "{}", ended.err);
    assert!(
        ended.err.lines().nth(1).is_some_and(|l| l.contains("20.0 kB") && l.contains("MIT")),
        "{}",
        ended.err
    );
    for id in &ids {
        assert!(home(&env).join(format!("{id}.onnx")).exists(), "{id}");
    }
    let again = models(&env, &[], &["pull", "Starter"]).with_code(0);
    assert!(again.err.starts_with("The starter set: 8 models, 0 B to download."), "{}", again.err);
}

#[test]
fn lists_begin_with_the_starter_set_and_the_classics_with_alexnet() {
    let env = TestEnv::new();
    let all = available(&env);
    assert!(all.iter().take(8).all(|e| e["starter"] == true));
    let hashed =
        |e: &Value| e["sha256"] != "unverified" || e["known"].as_array().is_some_and(|k| !k.is_empty());
    let first_without = all.iter().position(|e| !hashed(e)).unwrap();
    assert!(all[first_without..].iter().all(|e| !hashed(e)));
    let text = models(&env, &[], &["list", "--available"]).with_code(0).out;
    assert!(text.lines().filter(|l| l.contains("unverified")).count() > 20, "they are marked");
    let ended = models(&env, &[], &["list", "--classics"]).with_code(0);
    let first = ended.out.lines().nth(1).unwrap();
    for word in
        ["2012", "AlexNet", "61.0 M", "ImageNet val top-1 54.8", "243.9 MB", "https://papers.nips.cc/"]
    {
        assert!(first.contains(word), "{word} isn't in {first}");
    }
    let vit = ended.out.lines().position(|l| l.contains("ViT-B/16"));
    assert!(vit > ended.out.lines().position(|l| l.contains("ResNet-50")), "{}", ended.out);
}
