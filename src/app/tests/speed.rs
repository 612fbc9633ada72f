//! What runs a model, and with how many threads.

use super::*;
use crate::app::intent::ModelIntent;
use crate::app::speed;
use crate::model::nodes::NodeShare;
use crate::source::address::PATTERN;

fn panel_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    let view = bench.view();
    if let Some(model) = &view.model.current {
        speed::ui(ui, &view, model, &mut out);
    }
    bench.intents.extend(out);
}

#[test]
fn threads_are_measured_beside_a_running_image_only() {
    let mut still = Bench::default().with_model().shown(panel_of);
    press(&mut still, "Tune");
    assert_eq!(still.state().intents, []);
    let mut image =
        Bench::default().with_model().playing(Address::Image("/a.png".into()), Pace::Stills).shown(panel_of);
    press(&mut image, "Tune");
    assert_eq!(image.state().intents, []);
    let mut playing = Bench::default().with_model().playing(PATTERN, Pace::Live).shown(panel_of);
    press(&mut playing, "Tune");
    assert_eq!(playing.state().intents, [Intent::Model(ModelIntent::Tune)]);
}

#[test]
fn a_measurement_under_way_is_told_and_can_be_stopped() {
    let mut bench = Bench::default().with_model().playing(PATTERN, Pace::Live);
    bench.tune = Some(TuneProgress { threads: 1, place: (1, 2) });
    let mut harness = bench.shown(panel_of);
    assert!(harness.query_by_label("Trying 1… (1 of 2)").is_some());
    press(&mut harness, "Stop");
    assert_eq!(harness.state().intents, [Intent::Model(ModelIntent::StopTune)]);
}

#[test]
fn what_really_ran_is_said_and_why_another_provider_did_not() {
    let mut bench = Bench::default().with_model();
    bench.ran = Some(Ran::Known(vec![
        NodeShare { provider: "OpenVINO".into(), nodes: 1, ms: 9.0 },
        NodeShare { provider: "CPU".into(), nodes: 4, ms: 1.0 },
    ]));
    let harness = bench.shown(panel_of);
    assert!(harness.query_by_label("OpenVINO: 1 node, 90% of the time").is_some());
    assert!(harness.query_by_label("CPU: 4 nodes, 10% of the time").is_some());

    let mut bench = Bench::default().with_model();
    let mut fell_back = model_info();
    fell_back.provider = "CPU (CUDA failed: no driver)".into();
    bench.model.current = Some(Arc::new(fell_back));
    let harness = bench.shown(panel_of);
    assert!(harness.query_by_label("Running on the CPU instead: CUDA failed: no driver.").is_some());
}
