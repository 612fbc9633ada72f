//! The inference servers on the library's page.

use std::time::Duration;

use egui::accesskit::Role;

use egui_kittest::kittest::NodeT as _;

use super::*;
use crate::app::intent::{ModelIntent, ServersIntent, WindowIntent};
use crate::app::servers::Asked;
use crate::library::servers::{ReachedServer, ServedModel};
use crate::server::{ListedModel, SavedServer, ServerAddress, ServerError, ServerInfo};

fn page_of(bench: &mut Bench, ui: &mut Ui) {
    let (mut page, mut out) = (std::mem::take(&mut bench.library), Vec::new());
    page.ui(ui, &bench.view(), &mut out);
    bench.library = page;
    let polled =
        |intent: &Intent| matches!(intent, Intent::Servers(ServersIntent::Shown | ServersIntent::Read));
    bench.intents.extend(out.into_iter().filter(|intent| !polled(intent)));
}

fn row(address: &str, state: Asked) -> ServerRow {
    let saved = SavedServer::new(address.parse().unwrap());
    ServerRow { saved, has_token: true, state, asking: false, since: None }
}

fn served(name: &str, spec: Option<Result<crate::model::Spec, String>>) -> ServedModel {
    let server: ServerAddress = "oip://lab:8000".parse().unwrap();
    let ready = spec.is_some();
    let reason = (!ready).then(|| "loading".to_owned());
    let listed = ListedModel { name: name.into(), version: Some("3".into()), ready, reason };
    ServedModel { listed, address: server.model(name), spec, compute: None }
}

fn lab() -> Asked {
    let models = vec![
        served("street", Some(Ok(model_info().spec))),
        served("strange", Some(Err("no output fits a known family".into()))),
        served("slow", None),
    ];
    let info = ServerInfo { name: "triton".into(), version: "2.51.0".into(), ..ServerInfo::default() };
    Asked::Reached(Box::new(ReachedServer {
        info,
        network: Duration::from_micros(40),
        models: Ok(models),
        left_out: 0,
    }))
}

/// The tab of servers in this language.
fn shown(language: Language, servers: Vec<ServerRow>) -> Harness<'static, Bench> {
    let tab = (Strings::of(language).servers.tab)(servers.len());
    let mut harness = Bench { language, servers, ..Bench::default() }.shown(page_of);
    press(&mut harness, &tab);
    harness
}

fn type_address(harness: &mut Harness<'_, Bench>, text: &str) {
    let field = harness.get_by_role_and_label(Role::TextInput, "Address");
    field.focus();
    field.type_text(text);
    harness.run_steps(3);
}

#[test]
fn an_address_is_taken_as_people_write_it() {
    for (typed, meant) in [
        ("lab:8000", "oip://lab:8000"),
        (" http://Lab:8000/ ", "oip://lab:8000"),
        ("https://lab.example.org", "oips://lab.example.org:443"),
        ("grpc://lab/yolox_nano", "grpc://lab:8001"),
        ("oip://[::1]:9000", "oip://[::1]:9000"),
    ] {
        let mut harness = shown(Language::English, Vec::new());
        assert!(harness.get_by_label("Add server").accesskit_node().is_disabled(), "nothing to add");
        type_address(&mut harness, typed);
        press(&mut harness, "Add server");
        let address: ServerAddress = meant.parse().unwrap();
        let server = Box::new(SavedServer::new(address));
        let add = Intent::Servers(ServersIntent::Add { server, token: None });
        assert_eq!(harness.state().intents, [add], "{typed}");
    }
    let mut harness = shown(Language::English, Vec::new());
    type_address(&mut harness, "ftp://lab");
    press(&mut harness, "Add server");
    assert_eq!(harness.state().intents, []);
    let wrong = "Write oip://HOST:PORT, oips:// (TLS), grpc:// or grpcs://.";
    assert!(harness.query_by_label_contains(wrong).is_some(), "a server's address names no model");
    type_address(&mut harness, "x");
    assert!(harness.query_by_label_contains(wrong).is_none(), "it goes as soon as something is typed");
}

#[test]
fn what_cant_be_saved_stays_in_the_form() {
    let mut harness = shown(Language::English, Vec::new());
    type_address(&mut harness, "lab:8000");
    harness.state_mut().servers_saving = true;
    press(&mut harness, "Add server");
    let shown = |harness: &Harness<'_, Bench>| {
        harness.get_by_role_and_label(Role::TextInput, "Address").accesskit_node().value()
    };
    assert_eq!(shown(&harness).as_deref(), Some("lab:8000"));
    assert!(harness.get_by_label("Add server").accesskit_node().is_disabled(), "it is being saved");
    (harness.state_mut().servers_saving, harness.state_mut().servers_saved) = (false, false);
    harness.run_steps(3);
    assert_eq!(shown(&harness).as_deref(), Some("lab:8000"));
    harness.state_mut().servers_saving = true;
    press(&mut harness, "Add server");
    assert_eq!(harness.state().intents.len(), 2, "and can be tried again");
    (harness.state_mut().servers_saving, harness.state_mut().servers_saved) = (false, true);
    harness.run_steps(3);
    assert_ne!(shown(&harness).as_deref(), Some("lab:8000"));
}

#[test]
fn versions_of_a_model_are_told_apart_and_what_is_left_out_is_counted() {
    let server: ServerAddress = "oip://lab:8000".parse().unwrap();
    let of_version = |version: &str| {
        let mut model = served("street", Some(Ok(model_info().spec)));
        model.listed.version = Some(version.into());
        model.address =
            crate::server::ModelAddress { version: Some(version.into()), ..server.model("street") };
        model
    };
    let Asked::Reached(mut reached) = lab() else { unreachable!() };
    (reached.models, reached.left_out) = (Ok(vec![of_version("1"), of_version("2")]), 40);
    let mut harness = shown(Language::English, vec![row("oip://lab:8000", Asked::Reached(reached))]);
    assert!(harness.query_by_label("40 more models aren't listed.").is_some());
    assert!(harness.query_by_label_contains("version 1").is_some());
    harness.get_all_by_label("Use").last().unwrap().click();
    harness.run_steps(2);
    let opened = Intent::Model(ModelIntent::Open("oip://lab:8000/street/2".into()));
    assert_eq!(harness.state().intents[0], opened);
}

#[test]
fn models_of_a_server_are_used_described_and_waited_for() {
    let mut harness = shown(Language::English, vec![row("oip://lab:8000", lab())]);
    assert!(harness.query_by_label("network < 0.1 ms").is_some());
    assert!(harness.query_by_label("Token saved").is_some());
    assert!(harness.query_by_label_contains("Not ready: loading").is_some());
    assert_eq!(harness.query_all_by_label("Use").count(), 2);
    assert!(harness.get_all_by_label("Use").last().unwrap().accesskit_node().is_disabled());
    harness.get_all_by_label("Use").next().unwrap().click();
    harness.run_steps(2);
    let opened = Intent::Model(ModelIntent::Open("oip://lab:8000/street".into()));
    assert_eq!(harness.state().intents[0], opened);
    press(&mut harness, "Open");
    let described = Intent::Window(WindowIntent::Show(Page::Reading("oip://lab:8000/strange".into())));
    assert_eq!(harness.state().intents.last(), Some(&described), "what isn't recognised can be described");
}

#[test]
fn what_is_wrong_with_a_server_is_named_in_both_languages_with_what_helps_in_the_window() {
    let refused = || ServerError::Forbidden { server: "oip://lab:8000".into(), status: 401 };
    for (language, title, fix) in [
        (Language::English, "The server refuses access", "with a token"),
        (Language::Chinese, "服务器拒绝访问", "令牌"),
    ] {
        let harness = shown(language, vec![row("oip://lab:8000", Asked::Failed(refused()))]);
        assert!(harness.query_by_label(title).is_some(), "{title}");
        let text = harness.query_all_by_label_contains(fix).next();
        assert!(text.is_some(), "{fix}");
        assert!(harness.query_by_label_contains("--token-file").is_none(), "no option of the command");
    }
}

#[test]
fn a_server_is_forgotten_only_after_a_question() {
    let mut harness = shown(Language::English, vec![row("oip://lab:8000", lab())]);
    press(&mut harness, "Forget this server…");
    assert_eq!(harness.state().intents, []);
    press(&mut harness, "Forget");
    let address = "oip://lab:8000".parse().unwrap();
    assert_eq!(harness.state().intents, [Intent::Servers(ServersIntent::Remove(address))]);
}

#[test]
fn without_a_server_the_page_says_what_for_and_a_list_that_cant_be_read_can_be_tried_again() {
    for language in [Language::English, Language::Chinese] {
        let harness = shown(language, Vec::new());
        assert!(harness.query_by_label(Strings::of(language).servers.none).is_some());
    }
    let mut harness = shown(Language::English, Vec::new());
    harness.state_mut().servers_error = Some(ServerListError::Unreadable {
        path: "/home/li/servers.toml".into(),
        reason: "it isn't TOML".into(),
    });
    harness.run_steps(3);
    assert!(harness.query_by_label("Add server").is_none(), "it would replace the list");
    press(&mut harness, "Try again");
    assert_eq!(harness.state().intents, [Intent::Servers(ServersIntent::ReadAgain)]);
}
