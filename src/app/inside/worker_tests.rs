use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::app::inside::found::{Doing, MapsFound, MasksFound, Nothing, OutputFound, WhyFound};
use crate::app::intent::{InsideTab, WhyMethod, WhyTarget};
use crate::model::ModelError;
use crate::model::spec::ColourOrder;
use crate::model::{OpenOptions, Thresholds};

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models").join(name)
}

fn subject(path: PathBuf) -> Subject {
    Subject { path, options: OpenOptions::default(), colours: ColourOrder::Rgb, threads: 1 }
}

fn started(name: &str, path: PathBuf) -> Worker {
    Worker::start_named(name, subject(path), || ()).expect("a thread")
}

fn frame(shade: u8) -> Arc<Frame> {
    let mut frame = Frame::filled(80, 60, [shade, 90, 200, 255]);
    for (n, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
        pixel[0] = (n % 251) as u8 ^ shade;
    }
    Arc::new(frame)
}

fn wait<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(begin.elapsed() < Duration::from_mins(1), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(target_os = "linux")]
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let comm = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    };
    tasks.filter_map(comm).filter(|comm| comm.trim() == name).count()
}

fn maps_of(tensor: &str) -> Order {
    Order { tab: InsideTab::Maps, tensor: Some(tensor.into()), ..Order::default() }
}

#[test]
fn the_layers_are_there_before_they_are_measured_and_then_with_sizes_and_times() {
    let mut worker = started("in-layers", model("neural_style.onnx"));
    worker.tell(&Order::default(), Some(&frame(1)));
    let layers = wait("the layers", || worker.found().layers.filter(|layers| layers.is_measured));
    let kinds: Vec<&str> = layers.list.layers.iter().map(|layer| layer.kind.as_str()).collect();
    assert_eq!(kinds, ["ReduceMean", "Mul", "InstanceNormalization"]);
    assert_eq!(
        layers.list.layers[2].size.as_ref().map(crate::learn::inside::layers::TensorSize::text),
        Some("1×3×64×64".into())
    );
    assert!(layers.list.run_ms > 0.0);
    assert_eq!(layers.diagram.as_ref().map(|diagram| diagram.nodes.len()), Some(3));
    assert_eq!(layers.outputs, ["output1"], "what has a channel for each class");
}

#[test]
fn maps_are_those_of_the_tensor_that_was_chosen_and_follow_the_frames() {
    let mut worker = started("in-maps", model("modnet.onnx"));
    let order = Order { channel: Some(0), ..maps_of("output") };
    worker.tell(&order, Some(&frame(1)));
    let maps = wait("maps", || worker.found().maps);
    assert_eq!((maps.tensor.as_str(), maps.stats.len()), ("output", 1));
    let large = maps.large.as_ref().expect("enlarged");
    assert_eq!((large.channel, large.live.values.len()), (0, large.live.width * large.live.height));
    // The same frame and the same wish: nothing runs.
    std::thread::sleep(Duration::from_millis(300));
    assert!(Arc::ptr_eq(&maps, &worker.found().maps.expect("kept")));
    worker.tell(&order, Some(&frame(77)));
    let newer = wait("maps of the next frame", || worker.found().maps.filter(|new| !Arc::ptr_eq(new, &maps)));
    assert!(newer.large.as_ref().expect("enlarged").live.values != large.live.values);
}

#[test]
fn the_input_is_shown_as_bytes_and_values() {
    let mut worker = started("in-input", model("yolox.onnx"));
    worker.tell(&Order { tab: InsideTab::Input, ..Order::default() }, Some(&frame(1)));
    let input = wait("the input", || worker.found().input);
    assert_eq!(input.shape, "1×3×64×64");
    let (bytes, values) = input.prepared.at(3, 3).expect("a pixel");
    // YOLOX takes the bytes as they are, blue first.
    assert_eq!(values, [bytes[2], bytes[1], bytes[0]].map(f32::from));
}

#[test]
fn candidates_of_a_detector_tell_what_became_of_them() {
    let mut worker = started("in-output", model("yolox.onnx"));
    worker.tell(&Order { tab: InsideTab::Output, ..Order::default() }, Some(&frame(1)));
    let output = wait("the output", || worker.found().output);
    let detector = output.detector.as_ref().expect("candidates");
    assert!(detector.steps.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert!(detector.steps.iter().any(|step| step.fate == crate::learn::inside::heads::Fate::Kept));
    assert_eq!(detector.levels.iter().map(|level| level.stride).collect::<Vec<_>>(), [8, 16, 32]);
    assert_eq!(output.outputs, [("output".to_owned(), "1×84×85".to_owned())]);
    let passing = detector.steps.iter().filter(|step| step.score >= output.conf).count();
    assert_eq!((detector.all, detector.all_passing), (detector.steps.len(), passing));
    // A class that it doesn't know: no candidate is left, and it is a detector with suppression still.
    let thresholds = Thresholds { classes: vec![60_000], ..Thresholds::default() };
    worker.tell(&Order { tab: InsideTab::Output, thresholds, ..Order::default() }, None);
    let empty = wait("no candidate", || {
        worker.found().output.filter(|output| output.detector.as_ref().is_some_and(|found| found.all == 0))
    });
    assert!(empty.queries.is_empty());
}

#[test]
fn a_mask_is_taken_apart_term_by_term() {
    let mut worker = started("in-masks", model("yolov5_seg.onnx"));
    let order = Order { tab: InsideTab::Output, masks: true, ..Order::default() };
    let first = frame(1);
    worker.tell(&order, Some(&first));
    let whole = wait("the masks", || worker.found().masks);
    assert_eq!((whole.count, whole.size, whole.objects.len(), whole.used), (32, (16, 16), 1, 32));
    // One coefficient alone isn't 0, and its prototype is 5 or -5 everywhere.
    let term = whole.terms.first().expect("terms");
    assert_eq!((term.prototype, term.coefficient, term.change), (2, 1.0, 5.0));
    assert_eq!((whole.sum_bounds, whole.sum_greatest, whole.greatest), ((-5.0, 5.0), 5.0, 5.0));
    assert_eq!((whole.sheet.count, whole.sheet.tile), (32, (16, 16)));
    assert!(whole.mask_pixels > 0);
    // Nothing of the sum yet: the frame that is looked at stays, although there is a newer one.
    worker.tell(&Order { terms: Some(0), held: true, ..order.clone() }, Some(&frame(2)));
    let is_empty = |masks: &Arc<MasksFound>| masks.used == 0;
    let none = wait("no term", || worker.found().masks.filter(is_empty));
    assert!(Arc::ptr_eq(&none.frame, &first) && Arc::ptr_eq(&none.picture, &whole.picture));
    assert_eq!((none.mask_pixels, none.sum_bounds, none.sum_greatest), (0, (0.0, 0.0), 5.0));
    let bbox = Some(whole.objects[0].bbox);
    worker.tell(&Order { terms: Some(1), held: true, object: bbox, ..order.clone() }, None);
    let one = wait("one term", || worker.found().masks.filter(|masks| masks.used == 1));
    assert_eq!((one.mask_pixels, one.sum_bounds), (whole.mask_pixels, whole.sum_bounds));
    // No object: that is no failure.
    let thresholds = Thresholds { classes: vec![60_000], ..Thresholds::default() };
    worker.tell(&Order { thresholds, ..order }, None);
    wait("no object", || worker.found().masks.filter(|masks| masks.objects.is_empty() && masks.count == 32));
    assert!(worker.found().failed.is_none());
}

#[test]
fn only_masks_that_are_sums_of_prototypes_are_taken_apart() {
    for (name, is) in [("yolov5_seg.onnx", true), ("rf_detr_seg.onnx", false), ("yolox.onnx", false)] {
        let mut worker = started("in-which", model(name));
        let order = Order { tab: InsideTab::Output, ..Order::default() };
        worker.tell(&order, Some(&frame(1)));
        let output = wait("the output", || worker.found().output);
        assert_eq!(output.has_prototypes, is, "{name}");
        worker.tell(&Order { masks: true, ..order }, None);
        let masks = wait("the masks", || worker.found().masks);
        assert_eq!(masks.count > 0, is, "{name}");
    }
}

#[test]
fn what_cannot_be_shown_is_said_and_another_wish_goes_on() {
    let mut worker = started("in-fails", model("neural_style.onnx"));
    worker.tell(&maps_of("no such tensor"), Some(&frame(1)));
    wait("the failure", || worker.found().failed);
    assert_eq!(worker.found().doing, Doing::Watching);
    worker.tell(&maps_of("output1"), None);
    wait("maps", || worker.found().maps);
    assert!(worker.found().failed.is_none());

    let mut missing = started("in-missing", "/no/such/model.onnx".into());
    missing.tell(&Order::default(), None);
    let failed = wait("the failure", || missing.found().failed);
    assert!(matches!(*failed, ModelError::NoFile { .. }), "{failed:?}");
}

#[test]
fn occlusion_goes_on_square_by_square_and_ends() {
    let mut worker = started("in-occlude", model("yolox.onnx"));
    let order = occluding(0.01);
    worker.tell(&order, Some(&frame(1)));
    let first = wait("the first square", || worker.found().why);
    assert!(first.method.is_ok());
    let last = wait("the end", || worker.found().why.filter(|why| why.under_way.is_none()));
    assert!(last.size.0 >= 4 && last.size.1 >= 3, "{:?}", last.size);
}

/// An order that explains the surest of what is at least as sure as this.
fn occluding(conf: f32) -> Order {
    let thresholds = Thresholds { conf, ..Thresholds::default() };
    Order { tab: InsideTab::Why, method: WhyMethod::Occlusion, thresholds, ..Order::default() }
}

#[test]
fn a_picture_without_an_object_is_no_failure_and_the_next_one_is_looked_at() {
    let mut worker = started("in-empty", model("yolox.onnx"));
    let order = occluding(1.0);
    worker.tell(&order, Some(&frame(1)));
    let empty = wait("the first picture", || worker.found().why);
    assert_eq!(empty.method.err(), Some(Nothing::NoObject));
    assert!(worker.found().failed.is_none());
    let next = frame(2);
    worker.tell(&order, Some(&next));
    let is_next = |why: &Arc<WhyFound>| Arc::ptr_eq(&why.frame, &next);
    wait("the next picture", || worker.found().why.filter(is_next));
    worker.tell(&occluding(0.01), None);
    wait("an explanation", || worker.found().why.filter(|why| why.method.is_ok()));
    assert!(worker.found().failed.is_none());
}

#[test]
fn what_cannot_be_shown_of_one_source_is_tried_again_with_another() {
    let mut worker = started("in-other", model("neural_style.onnx"));
    worker.tell(&maps_of("output1"), Some(&frame(1)));
    wait("maps", || worker.found().maps);
    let found = worker.found();
    assert!(found.clone().of_source(Some(&Frame::default())).maps.is_some());
    assert!(found.clone().of_source(None).maps.is_none(), "nothing may be shown");
    assert!(
        found.of_source(Some(&Frame { generation: 1, ..Frame::default() })).maps.is_none(),
        "of another source"
    );
    worker.tell(&maps_of("no such tensor"), None);
    let first = wait("the failure", || worker.found().failed);
    let other = Frame { generation: 1, ..(*frame(2)).clone() };
    worker.tell(&maps_of("no such tensor"), Some(&Arc::new(other)));
    wait("another try", || worker.found().failed.filter(|failed| !Arc::ptr_eq(failed, &first)));
    assert!(worker.found().maps.is_none(), "the old source's maps are gone");
}

#[test]
fn the_maps_that_are_seen_are_frozen_not_those_of_the_next_frame() {
    let mut worker = started("in-freeze", model("modnet.onnx"));
    let order = Order { channel: Some(0), ..maps_of("output") };
    worker.tell(&order, Some(&frame(1)));
    let seen = wait("maps", || worker.found().maps);
    worker.tell(&Order { frozen: Some(1), ..order }, Some(&frame(77)));
    let values = |maps: &MapsFound| Some(maps.large.as_ref()?.frozen.as_ref()?.values.clone());
    let frozen = wait("the frozen maps", || worker.found().maps.as_deref().and_then(values));
    assert_eq!(frozen, seen.large.as_ref().expect("enlarged").live.values);
    let is_newer = |maps: &MapsFound| {
        let large = maps.large.as_ref()?;
        (large.live.values != frozen).then_some(())
    };
    wait("live maps of the next frame", || worker.found().maps.as_deref().and_then(is_newer));
}

#[test]
fn a_frame_whose_candidates_are_followed_stays() {
    let mut worker = started("in-held", model("yolox.onnx"));
    let order = Order { tab: InsideTab::Output, ..Order::default() };
    let first = frame(1);
    worker.tell(&order, Some(&first));
    wait("the output", || worker.found().output);
    let held = Order { held: true, ..order.clone() };
    worker.tell(&held, Some(&frame(50)));
    let output = wait("the held frame", || worker.found().output.filter(|output| output.picture.is_some()));
    assert!(Arc::ptr_eq(&output.frame, &first));
    let next = frame(51);
    worker.tell(&order, Some(&next));
    let is_next = |output: &Arc<OutputFound>| Arc::ptr_eq(&output.frame, &next);
    wait("the newest frame", || worker.found().output.filter(is_next));
}

#[test]
fn kernels_are_shown_without_running_anything() {
    let mut worker = started("in-kernels", model("neural_style.onnx"));
    worker.tell(&maps_of("output1"), Some(&frame(1)));
    let maps = wait("maps", || worker.found().maps);
    worker.tell(&Order { kernels: true, ..maps_of("output1") }, Some(&frame(9)));
    std::thread::sleep(Duration::from_millis(300));
    assert!(Arc::ptr_eq(&maps, &worker.found().maps.expect("kept")));
}

#[cfg(target_os = "linux")]
#[test]
fn the_thread_ends_with_the_page_also_while_it_measures() {
    let mut worker = started("in-ends", model("yolov5_seg.onnx"));
    worker.tell(&Order::default(), Some(&frame(1)));
    // A thread takes its name itself.
    wait("the thread", || (threads("in-ends") == 1).then_some(()));
    // Somewhere within opening and measuring.
    std::thread::sleep(Duration::from_millis(30));
    drop(worker);
    wait("the end of the thread", || (threads("in-ends") == 0).then_some(()));
    let idle = started("in-idle", model("yolox.onnx"));
    drop(idle);
    wait("the end of an idle thread", || (threads("in-idle") == 0).then_some(()));
}

/// What a user may do.
#[derive(Clone, Debug)]
enum Deed {
    Tab(InsideTab),
    Tensor(Option<&'static str>),
    Channel(Option<usize>),
    Freeze(bool),
    Masks(bool),
    Object(Option<[f32; 4]>),
    Terms(Option<usize>),
    Method(WhyMethod),
    Target(WhyTarget),
    Frame(u8),
    Switch(&'static str),
    Again,
    Rest,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => prop::sample::select(InsideTab::ALL.to_vec()).prop_map(Deed::Tab),
        2 => prop::sample::select(vec![None, Some("output1"), Some("output"), Some("nothing")])
            .prop_map(Deed::Tensor),
        1 => prop::sample::select(vec![None, Some(0), Some(2), Some(99)]).prop_map(Deed::Channel),
        1 => any::<bool>().prop_map(Deed::Freeze),
        1 => prop::sample::select(vec![WhyMethod::Activation, WhyMethod::Occlusion]).prop_map(Deed::Method),
        1 => prop::sample::select(vec![WhyTarget::Surest, WhyTarget::Class(1), WhyTarget::At([10.0, 10.0])])
            .prop_map(Deed::Target),
        3 => any::<u8>().prop_map(Deed::Frame),
        1 => any::<bool>().prop_map(Deed::Masks),
        1 => prop::sample::select(vec![None, Some([1.0, 1.0, 40.0, 40.0]), Some([f32::NAN; 4])])
            .prop_map(Deed::Object),
        1 => prop::sample::select(vec![None, Some(0), Some(1), Some(usize::MAX)]).prop_map(Deed::Terms),
        1 => prop::sample::select(vec![
            "neural_style.onnx",
            "yolox.onnx",
            "yolov5_seg.onnx",
            "modnet.onnx",
            "none.onnx",
        ])
        .prop_map(Deed::Switch),
        1 => Just(Deed::Again),
        2 => Just(Deed::Rest),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever is done, in whatever order: what is shown belongs to what was asked for, and the last wish is met or refused.
    #[test]
    fn whatever_is_done_what_is_shown_was_asked_for(deeds in prop::collection::vec(deed(), 1..14)) {
        let mut worker = started("in-random", model("neural_style.onnx"));
        let mut order = Order::default();
        let mut newest = frame(0);
        let mut name = "neural_style.onnx";
        for deed in deeds {
            match deed {
                Deed::Tab(tab) => order.tab = tab,
                Deed::Tensor(name) => order.tensor = name.map(str::to_owned),
                Deed::Channel(channel) => order.channel = channel,
                Deed::Freeze(on) => order.frozen = on.then_some(order.frozen.unwrap_or(0) + 1),
                Deed::Masks(on) => order.masks = on,
                Deed::Object(bbox) => order.object = bbox,
                Deed::Terms(terms) => order.terms = terms,
                Deed::Method(method) => order.method = method,
                Deed::Target(target) => order.target = target,
                Deed::Frame(shade) => newest = frame(shade),
                Deed::Switch(to) => {
                    name = to;
                    worker = started("in-random", model(name));
                    prop_assert!(worker.found().maps.is_none() && worker.found().layers.is_none());
                    order = Order { tab: order.tab, ..Order::default() };
                }
                Deed::Again => order.tries += 1,
                Deed::Rest => std::thread::sleep(Duration::from_millis(20)),
            }
            worker.tell(&order, Some(&newest));
        }
        // A tensor that every model has been asked for and one may have.
        order = maps_of("output1");
        worker.tell(&order, Some(&newest));
        let met = wait("the last wish", || {
            let found = worker.found();
            let is_met = found.maps.as_ref().is_some_and(|maps| maps.tensor == "output1" && found.failed.is_none());
            // This model has the tensor: whatever failed before, its maps come.
            let may_fail = name != "neural_style.onnx";
            (is_met || (may_fail && found.failed.is_some())).then_some(found)
        });
        if let Some(maps) = met.maps.filter(|_| met.failed.is_none()) {
            prop_assert_eq!(maps.tensor.as_str(), "output1");
        }
    }
}
