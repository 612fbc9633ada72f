//! One of every kind of error that the window can show, and the test that each is explained in both languages.
//!
//! A new kind of error doesn't compile until it has an example here.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::english_left::english_in;
use super::failures::Explain;
use crate::dataset::measure::MeasureError;
use crate::dataset::{CollectError, DatasetError, Losses};
use crate::deploy::DeployError;
use crate::discard::DiscardError;
use crate::events::actions::ActionError;
use crate::events::{LogError, Problem, RulesError};
use crate::file_kind::FileKind;
use crate::gallery::RenameError;
use crate::learn::lessons::{LessonError, LessonProblem};
use crate::learn::teach::TeachError;
use crate::library::catalogue::CatalogueError;
use crate::library::download::{DownloadError, Failure, PartialDownload, Sha256};
use crate::library::import::ImportError;
use crate::library::records::RecordsError;
use crate::library::upkeep::UpkeepError;
use crate::model::ModelError;
use crate::model::families::OutputError;
use crate::model::file::FileError;
use crate::model::isolation::{Crash, Ending};
use crate::model::labels::Language;
use crate::model::sidecar::SidecarError;
use crate::model::spec::{Family, Task};
use crate::record::RecordError;
use crate::save::SnapshotError;
use crate::server::{AddressError, ServerError, ServerListError};
use crate::settings::SettingsError;
use crate::source::SourceError;
use crate::track::zones::{Part, SceneFileError, SceneProblem};

/// Declares a function that returns one error of every kind: `Variant`, `Variant { fields }` or `Variant(value)`.
macro_rules! examples {
    ($name:ident: $error:ident = $($variant:ident $({ $($fields:tt)* })? $(( $($value:expr),* ))?),+ $(,)?) => {
        pub(in crate::app) fn $name() -> Vec<$error> {
            fn has_an_example(error: &$error) {
                match error {
                    $($error::$variant { .. })|+ => {}
                }
            }
            let all = vec![$($error::$variant $({ $($fields)* })? $(( $($value),* ))?),+];
            all.iter().for_each(has_an_example);
            all
        }
    };
}

fn path() -> PathBuf {
    "/home/me/models/a.onnx".into()
}

fn name() -> String {
    "UVC Camera".into()
}

fn host() -> String {
    "example.org".into()
}

fn denied() -> io::Error {
    io::Error::from_raw_os_error(13)
}

/// A reason in the words of the operating system.
fn reason() -> String {
    denied().to_string()
}

examples! { source_errors: SourceError =
    NoCamera,
    Missing { name: name() },
    Unplugged { name: name() },
    Busy { name: name(), by: Some("cheese".into()) },
    Forbidden { name: name() },
    Stalled { name: name() },
    StreamStalled { name: "rtsp://a".into() },
    Stream { name: "rtsp://a".into(), reason: reason() },
    VideoStalled { name: "a.mkv".into(), after: Duration::from_secs(10) },
    NotMedia { path: path(), kind: FileKind::Text },
    Damaged { name: name() },
    NoFormat { name: name(), found: "H264".into() },
    Camera { name: name(), reason: reason() },
    NoFile { path: path() },
    Unreadable { path: path(), reason: "it is damaged or cut short".into() },
    NoImages { place: "/empty".into() },
    NoFfmpeg,
    NotSeekable,
    Unknown { text: "??".into() },
}

examples! { output_errors: OutputError =
    NoOutput,
    OutputCount { found: 3, expected: "heat, scale, offset and landmarks" },
    Missing("outputs for boxes, scores and classes"),
    TooShort { name: "output0".into() },
    NotFloats { name: "output0".into() },
    Shape { shape: "1×9".into(), expected: "that of an image".into() },
    PartShape { part: "its masks have", shape: "1×9".into(), expected: "1×32×160×160".into() },
    Mismatch(vec![("boxes", "1×2".into()), ("scores", "1×3".into()), ("classes", "1×4".into())]),
    InputSize { count: 8400, what: "anchors", input: (320, 320) },
    NoRoom { shape: "1×9".into(), what: "17 keypoints".into() },
    NoCoefficients { columns: 84, prototypes: 32 },
    AnchorCount { maps: 3, anchors: 4 },
    TooFewValues { values: 4 },
    NoClass { shape: "1×9".into() },
    ValueCount { name: "output0".into(), found: 3, columns: 4, cells: (5, 6) },
    EmptyImage { shape: "1×3×0×0".into() },
    NotNumbers,
}

examples! { file_errors: FileError =
    Empty,
    Other("it is a web page, not a model"),
    NoFile(FileKind::Pipe.name()),
    NotOnnx,
    CutShort,
    Lengths,
    Nested,
    TooLarge,
    NoModel,
    Io(denied()),
}

examples! { sidecar_errors: SidecarError =
    Io(denied()),
    // The message of the parser names a key of the file: `colour`.
    Syntax(toml::from_str::<toml::Table>("`colour`").unwrap_err()),
    Serialize(serde::ser::Error::custom("`colour`")),
    Range,
    Anchor,
    Task { family: Family::Yolox, task: Task::Depth },
}

examples! { model_errors_without_reasons: ModelError =
    NoFile { path: path() },
    Unreadable { path: path(), reason: reason() },
    NotOnnx { path: path(), reason: FileError::NotOnnx },
    NoRuntime { reason: None, searched: Vec::new() },
    Refused { path: path(), reason: "it has no input “images”".into() },
    CannotRun {
        path: path(),
        reason: "its weights lie in a second file, “a.data”, which is missing".into(),
        remedy: "Put that file next to the model.".into(),
    },
    NotUnderstood { path: path(), reason: "inputs x 1×3×64×64 float; outputs none".into() },
    BadSidecar { path: path(), reason: SidecarError::Range },
    BadAdapter { path: path(), reason: "there is no such file".into() },
    BadCompanion { path: path(), reason: "its skeletons don't have COCO's 17 points".into() },
    UnexpectedOutput { family: "Detector with NMS inside", reason: OutputError::NoOutput },
    RunFailed { reason: "its input is larger than any image".into() },
    Ended { path: path(), ending: Ending::Crashed(Crash::Division) },
    NoHelper { reason: reason() },
    Stopped,
    Provider { provider: "CUDA".into(), reason: "this build of ONNX Runtime doesn't offer it".into() },
    Server { error: ServerError::Stopped, retry: None },
    Address { error: AddressError::Extra },
    ServerList { error: ServerListError::Unreadable { path: path(), reason: reason() } },
}

fn server() -> String {
    "oip://host:8000".into()
}

examples! { server_errors: ServerError =
    Unreachable { server: server(), reason: "Connection refused".into() },
    Lost { server: server(), reason: "connection closed before message completed".into() },
    TimedOut { server: server(), after: Duration::from_secs(8) },
    Certificate { server: server(), reason: "invalid peer certificate: UnknownIssuer".into() },
    Forbidden { server: server(), status: 401 },
    NoModel { server: server(), model: "yolo".into() },
    NotReady { server: server(), model: "yolo".into(), reason: None },
    Busy { server: server() },
    Failed { server: server(), message: "HTTP status 500".into() },
    Garbled { server: server(), reason: "its response has no output".into() },
    Changed { server: server(), model: "yolo".into() },
    NoList { server: server() },
    BadCertificateFile { path: "/home/me/lab.pem".into(), reason: "it holds no certificate".into() },
    Setup { server: server(), reason: "its token has characters that can't be sent".into() },
    Stopped,
}

examples! { address_errors: AddressError =
    Scheme("http://host".into()),
    Host("oip://".into()),
    Port("oip://host:0".into()),
    NoModel("oip://host".into()),
    HasModel { address: "oip://host/yolo".into(), model: "yolo".into() },
    TooLong("oip://host/a/1/b".into()),
    Extra,
}

examples! { server_list_errors: ServerListError =
    Unreadable { path: path(), reason: reason() },
    Unwritable { path: path(), reason: reason() },
}

/// Every kind, with every reason inside.
fn model_errors() -> Vec<ModelError> {
    let files = file_errors().into_iter().map(|reason| ModelError::NotOnnx { path: path(), reason });
    let sidecars = sidecar_errors().into_iter().map(|reason| ModelError::BadSidecar { path: path(), reason });
    let outputs = output_errors();
    let outputs = outputs.into_iter().map(|reason| ModelError::UnexpectedOutput { family: "YOLOX", reason });
    let endings = [
        Ending::Crashed(Crash::Memory),
        Ending::Crashed(Crash::Instruction),
        Ending::Crashed(Crash::Abort),
        Ending::Crashed(Crash::Killed),
        Ending::Crashed(Crash::Signal(31)),
        Ending::Crashed(Crash::Code(1)),
        Ending::TooSlow(15),
        Ending::TooLarge(2 << 30),
    ];
    let endings = endings.into_iter().map(|ending| ModelError::Ended { path: path(), ending });
    let all = model_errors_without_reasons().into_iter().chain(files).chain(sidecars).chain(outputs);
    let servers = server_errors().into_iter().filter(|error| *error != ServerError::Stopped);
    let servers = servers.map(|error| ModelError::Server { error, retry: None });
    let addresses = address_errors().into_iter().map(|error| ModelError::Address { error });
    let lists = server_list_errors().into_iter().map(|error| ModelError::ServerList { error });
    all.chain(endings)
        .chain(servers)
        .chain(addresses)
        .chain(lists)
        .filter(|error| !matches!(error, ModelError::Server { error: ServerError::Stopped, .. }))
        .collect()
}

examples! { download_errors: DownloadError =
    NoAddress { id: "yolox".into() },
    BadAddress { address: "ftp://a".into(), reason: "only http, https and file addresses can be used".into() },
    PlainHttp { host: host() },
    Offline,
    Unreachable { host: host(), reason: reason() },
    Insecure { host: host(), reason: reason() },
    Proxy { proxy: Some("proxy:8080".into()), reason: "its address isn't understood".into() },
    Stalled { host: host(), after: Duration::from_secs(30) },
    BrokeOff { host: host(), bytes: 5_000_000, total: Some(9_000_000) },
    Garbled { host: host(), reason: reason() },
    Status { host: host(), code: 404, reason: Some("Not Found".into()) },
    Overloaded { host: host(), code: 503, wait: Some(Duration::from_mins(1)) },
    Redirects { host: host() },
    NotTheFile { host: host(), what: "a web page", says: Some("404".into()) },
    LfsPointer { host: host() },
    Portal { host: host() },
    Compressed { host: host(), encoding: "gzip".into() },
    Empty { host: host() },
    WrongLength { host: host(), expected: 5, found: 4 },
    NoLength { host: host() },
    TooLong { host: host(), limit: 4 << 30 },
    WrongRange { host: host(), found: "0-4/5".into() },
    Changed { host: host() },
    WrongHash { host: host(), expected: Sha256([0; 32]), found: Sha256([255; 32]) },
    NotAModel { host: host(), reason: "it is cut short".into() },
    NoSpace { folder: path(), needed: 5_000_000, free: 4_000_000 },
    DiskFull { folder: path() },
    FileTooLarge { path: path(), reason: reason() },
    Unwritable { path: path(), reason: reason() },
    Occupied { path: path() },
    TargetTaken { path: path() },
    InUse { path: path() },
    NoFile { path: path() },
    Unreadable { path: path(), reason: reason() },
    BadArchive { host: host(), reason: "its list of contents is too long".into() },
    BadMember { member: "../a".into() },
    NoMember { host: host(), member: "a.onnx".into(), offers: Some("“b.onnx”, “c.onnx”, 3 more".into()) },
    MemberTooLarge { host: host(), member: "a.onnx".into(), limit: 4 << 30 },
    Broken { reason: reason() },
}

examples! { import_errors: ImportError =
    Model(ModelError::NoFile { path: path() }),
    Nothing { path: path() },
    DeadLink { path: path() },
    TooMany { path: path() },
    Archive { path: path(), reason: "it holds more than 10000 files".into() },
    Unwritable { folder: path(), reason: "this account has no permission to write there".into() },
    DiskFull { folder: path(), need: 5, free: 4 },
    NoFolder,
}

examples! { deploy_errors: DeployError =
    Model(ModelError::NoFile { path: path() }),
    NoShape { tensor: "x".into() },
    Type { tensor: "x".into(), element: "other".into() },
    Exists { path: path() },
    NotDeployed { path: path() },
    OtherConfig { path: path() },
    Storage { uri: "models".into() },
    Write { path: path(), reason: reason() },
}

examples! { upkeep_errors: UpkeepError =
    NoTrash { path: path(), reason: "this account has no permission".into() },
    StaysInTrash { path: path(), reason: "it isn't there any more".into() },
    Stays { path: path(), reason: reason() },
}

examples! { records_errors: RecordsError =
    Damaged { path: path(), renamed_to: path(), reason: "`used`".into() },
    Unreadable { path: path(), reason: "it is larger than 64 MB".into() },
    Unwritable { path: path(), reason: reason() },
}

examples! { settings_errors: SettingsError =
    Damaged { reason: "it isn't a text file".into(), kept_as: path() },
    Partly { values: vec!["`language`".into()], kept_as: path() },
    Unreadable { path: path(), reason: reason() },
    Unwritable { path: path(), reason: reason() },
}

examples! { lesson_errors: LessonError =
    Unreadable { path: path(), reason: reason() },
    Wrong { path: path(), line: Some(3), problem: LessonProblem::NotText },
}

examples! { lesson_problems: LessonProblem =
    NotText,
    TooLarge { limit: 1 << 18 },
    Syntax { reason: "`=`".into() },
    Key { part: "the step", key: "txt".into(), close: Some("text"), known: "text, hint".into() },
    Missing { part: "the step", key: "text", example: "text = 1" },
    Type { key: "minutes", expected: "a number" },
    Empty { key: "text" },
    TooLong { key: "text", count: 700, limit: 600 },
    Range { key: "minutes", value: 0.0, least: 1.0, most: 120.0 },
    Word { key: "page", name: "insde".into(), close: Some("inside"), known: "preview, inside".into() },
    Count { key: "option", count: 1, least: 2, most: 6 },
    Questions { count: 0 },
    Right { count: 2 },
    Link { text: "a".into() },
    Picture { name: "a/b".into() },
    Condition { text: "a".into() },
    TwoSources,
    Id { id: "A".into() },
}

examples! { scene_file_errors: SceneFileError =
    Unreadable { path: path(), reason: reason() },
    Unwritable { path: path(), reason: reason() },
    Wrong { path: path(), line: Some(3), problem: SceneProblem::NotText },
}

examples! { scene_problems: SceneProblem =
    NotText,
    TooLarge { limit: 1 << 20 },
    Syntax { reason: "`=`".into() },
    Type { key: "points".into(), expected: "a list of points [x, y]" },
    Missing { what: Part::Zone("A".into()), key: "points", example: "points = []" },
    Point { what: Part::Line("A".into()) },
    Outside { what: Part::Nameless("zone", 2), x: 1.5, y: 0.0 },
    Count { what: Part::Exercise("A".into()), count: 1, needed: "two" },
    Flat { what: Part::Zone("A".into()) },
    Crossing { what: Part::Zone("A".into()) },
    NoLength { what: Part::Line("A".into()) },
    Twice { name: "A".into() },
    TooMany { what: "zones", limit: 256 },
    Colour { colour: "red".into() },
    Word { what: "anchor", name: "middle".into(), known: "centre".into() },
    Range { key: "capacity".into(), value: 0.0, least: 1.0, most: 9.0 },
    Perspective,
    Angles { up: 80.0, down: 90.0 },
}

examples! { discard_errors: DiscardError =
    Stays { path: path(), reason: "the disk is read-only".into() },
    StaysInTrash { path: path(), reason: "another file has its name now".into() },
}

examples! { rename_errors: RenameError =
    Empty,
    Sign { sign: "?".into() },
    Edge,
    Reserved { name: "nul".into() },
    TooLong { limit: 180 },
    Taken { name: name() },
    Joined { name: name() },
    Failed { path: path(), reason: "it isn't there any more".into() },
}

examples! { snapshot_errors: SnapshotError =
    NoImage,
    NoFolder { path: path() },
    NotAFolder { path: path() },
    Forbidden { path: path() },
    ReadOnly { path: path() },
    Full { path: path(), bytes: 3_400_000 },
    Image { format: "PNG", source: image::ImageError::IoError(denied()) },
    Json(serde_json::Error::io(denied())),
    NamesTaken { path: path() },
    Failed { path: path(), source: denied() },
}

examples! { record_errors: RecordError =
    NoFfmpeg,
    NoEncoder { container: crate::record::Container::WebM },
    Unwritable { path: path(), reason: "it is not a folder".into() },
    NoRoom { folder: path(), free: 12_000_000 },
    TooLittleRoom { folder: path(), free: 12_000_000, needed: 67_000_000 },
    Ended { path: path(), reason: "No space left on device".into() },
    Stuck { path: path() },
    Removed { path: path() },
    NoFrames,
    NoResults,
    Blind,
    PrivacyChanged,
    NothingKept,
}

examples! { dataset_errors: DatasetError =
    Missing { path: path() },
    NotOne { path: path() },
    Unknown { path: path() },
    Nothing { losses: Losses::of(crate::dataset::Loss::NotReviewed, 3) },
    NoImages { path: path() },
    Ended,
    Newer { path: path(), version: 2 },
    Unreadable { path: path(), source: denied() },
    Damaged { path: path(), reason: reason() },
    Unwritable { path: path(), source: denied() },
    Full { path: path() },
    Taken { path: path() },
    Image(SnapshotError::NoImage),
}

examples! { measure_errors: MeasureError =
    Model(ModelError::Stopped),
    NothingReviewed,
    NoObjects,
    NoImageClasses,
    Task { task: Task::Depth },
    NoClass { model: "person, car".into(), dataset: "cat".into() },
    NoImage { reason: "it is empty".into() },
    Stopped,
}

examples! { problems: Problem =
    NoName,
    SameName { name: name() },
    NeedsZone,
    NeedsLine,
    NeedsTime,
    OutOfRange,
    CrossingTakesNoTime,
    NoProgram,
    ClipLength,
    Placeholder { placeholder: "{colour}".into() },
    BadUrl { url: "example.org".into() },
    NoBroker,
    UnknownClass { class: "car".into() },
    UnknownZone { zone: "Drive".into() },
    UnknownLine { line: "Gate".into() },
    NotTracked,
}

examples! { rules_errors: RulesError =
    Damaged { path: path(), reason: "it isn't a text file".into() },
    Unreadable { path: path(), reason: reason() },
    Unwritable { path: path(), reason: reason() },
}

examples! { log_errors: LogError =
    Damaged { kept_as: path() },
    Unusable { path: path(), reason: "database disk image is malformed".into() },
    ReadOnly { path: path() },
    Full { path: path() },
    CantOpen { path: path(), reason: "unable to open database file".into() },
    Busy { path: path() },
    Newer { path: path() },
    Failed { path: path(), reason: "disk I/O error".into() },
    Export { path: path(), reason: reason() },
}

examples! { action_errors: ActionError =
    Busy,
    NoThread,
    Stopped,
    Desktop { reason: "no such service".into() },
    Sound { reason: "there is no player".into() },
    NoFrame,
    Snapshot(SnapshotError::NoImage),
    NotStarted { program: path(), reason: reason() },
    TooLong { program: path(), seconds: 10.0 },
    Failed { program: path(), status: "exit status: 1".into(), says: "no such thing".into() },
    Unreachable { host: host(), reason: "no answer".into() },
    Refused { host: host(), code: 401, says: "wrong key".into() },
    BadUrl,
    BadHeader { name: "a b".into() },
    NoBroker,
    Broker { host: host(), reason: "it refuses the user or the password".into() },
    NoRecorder,
    Clip(std::sync::Arc::new(RecordError::NothingKept)),
    NoDataset,
    Collect(CollectError::Hidden),
}

examples! { collect_errors: CollectError =
    Hidden,
    Dataset(DatasetError::Ended),
}

examples! { teach_errors: TeachError =
    NoFolder { path: path() },
    Unreadable { path: path(), reason: "it isn't a folder".into() },
    Unwritable { path: path(), reason: "the folder isn't empty".into() },
    BadProject { path: path(), reason: "a class has no name".into() },
    TooFewClasses { path: path(), count: 1 },
    TooManyClasses { count: 30 },
    ChangedOutside { path: path() },
    NameTaken { name: name() },
    NoName,
    NameTooLong { count: 180 },
    NoClass { index: 3 },
    EmptyClass { name: name() },
    Model(ModelError::NoFile { path: path() }),
    NoBackbone { path: path(), reason: "its embedding has 3 numbers instead of 4".into() },
    BadTensor { name: "pool".into(), reason: "the graph has no such tensor".into() },
    OtherBackbone { path: path() },
    Untrainable { reason: "the embeddings differ in length".into() },
    TooMuch { images: 200_000, numbers: 1280 },
    Linked { path: path() },
    Exists { path: path() },
    Differs { difference: 0.01 },
    Unverified,
    SidecarThere { path: path() },
    IsBackbone { path: path() },
    NotExported { reason: "it runs on no image".into() },
    Discard(DiscardError::Stays { path: path(), reason: reason() }),
    Stopped,
}

fn everything() -> Vec<Box<dyn Explain>> {
    let mut all: Vec<Box<dyn Explain>> = Vec::new();
    macro_rules! add {
        ($($errors:expr),+) => { $(for error in $errors { all.push(Box::new(error)); })+ };
    }
    add!(
        source_errors(),
        model_errors(),
        import_errors(),
        deploy_errors(),
        upkeep_errors(),
        records_errors(),
        settings_errors(),
        lesson_errors(),
        lesson_problems().into_iter().map(|problem| LessonError::Wrong { path: path(), line: None, problem }),
        scene_file_errors(),
        scene_problems().into_iter().map(|problem| SceneFileError::Wrong {
            path: path(),
            line: None,
            problem
        }),
        snapshot_errors(),
        record_errors(),
        discard_errors(),
        rename_errors(),
        dataset_errors(),
        problems(),
        rules_errors(),
        log_errors(),
        action_errors(),
        collect_errors(),
        measure_errors().into_iter().skip(1),
        teach_errors(),
        download_errors(),
        [SourceError::Busy { name: name(), by: None }],
        [CatalogueError { file: "a.toml".into(), reason: "it is larger than 4 MB".into() }],
        [Failure {
            error: DownloadError::Redirects { host: host() },
            partial: Some(PartialDownload { path: path(), bytes: 900, total: Some(2_000_000) }),
            tried: vec![
                (host(), DownloadError::Redirects { host: host() }),
                (host(), DownloadError::Redirects { host: host() }),
            ],
        }]
    );
    all
}

#[test]
fn every_error_is_explained_with_its_fix_in_both_languages() {
    let all = everything();
    assert!(all.len() > 120, "{}", all.len());
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let mut wrong = Vec::new();
    for error in all {
        let (english, chinese) = (error.explain(Language::English), error.explain(Language::Chinese));
        let (in_english, in_chinese) = (english.to_string(), chinese.to_string());
        let sentences = in_english.matches(['.', '?']).count();
        // Nothing is to be done about what the user stopped.
        let stopped =
            [ModelError::Stopped.to_string(), TeachError::Stopped.to_string()].contains(&in_english);
        for (rule, holds) in [
            ("Chinese", is_chinese(&chinese.message) && !chinese.message.is_empty()),
            ("no English in it", english_in(&in_chinese).is_none()),
            ("whole sentences", in_chinese.ends_with('。') && !in_chinese.contains("。。")),
            ("English", !english.message.is_empty() && !is_chinese(&in_english)),
            ("names the fix", stopped || !chinese.fix.is_empty()),
            ("names the fix in English", stopped || !english.fix.is_empty() || sentences > 1),
        ] {
            if !holds {
                wrong.push(format!("{rule}: {in_english} / {in_chinese} {:?}", english_in(&in_chinese)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
