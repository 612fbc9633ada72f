//! Random sequences of everything that a user can do and that sources and models can do wrong. After every operation the engine
//! must keep its promises; at the end it must still do what it is told, and leave nothing open.

use proptest::prelude::*;

use super::*;

/// Something that happens.
#[derive(Clone, Debug)]
enum Op {
    Open(Kind),
    CloseSource,
    SetModel(&'static str),
    CloseModel,
    Compare(Vec<&'static str>),
    Thresholds(f32),
    Pause(bool),
    Step,
    Seek(f64),
    Loop(bool),
    AsFastAsPossible(bool),
    Hidden(bool),
    Pace(ResultPace),
    SetControl,
    Subscribe,
    Unsubscribe,
    /// Time passes, in milliseconds.
    Wait(u64),
}

/// What the source does.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Live,
    /// A camera that is unplugged after a few frames and comes back.
    Unplugged,
    Video,
    Image,
    Folder,
    Missing,
    /// Does not return from a read for a while.
    Hangs,
}

impl Kind {
    fn address(self) -> Address {
        Address::Glob(format!("{self:?}"))
    }

    fn open(address: &Address) -> Result<Box<dyn Source>, SourceError> {
        let gone = SourceError::Unplugged { name: "Scripted".into() };
        Ok(match address.to_string().as_str() {
            "Unplugged" => source(Pace::Live, None, &[Act::Frames(5), Act::Fail(gone)]),
            "Video" => source(Pace::Video, Some(12), &[]),
            "Image" => source(Pace::Stills, Some(1), &[]),
            "Folder" => source(Pace::Stills, Some(3), &[]),
            "Missing" => return Err(SourceError::NoFile { path: "gone".into() }),
            "Hangs" => source(Pace::Live, None, &[Act::Frames(2), Act::Hang(Duration::from_millis(80))]),
            _ => source(Pace::Live, None, &[]),
        })
    }
}

fn model() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("well1"),
        4 => Just("well2"),
        2 => Just("well3"),
        2 => Just("slow1"),
        2 => Just("fails"),
        2 => Just("panics"),
        2 => Just("missing"),
        1 => Just("hangs"),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let kind = prop_oneof![
        4 => Just(Kind::Live),
        1 => Just(Kind::Unplugged),
        2 => Just(Kind::Video),
        2 => Just(Kind::Image),
        1 => Just(Kind::Folder),
        1 => Just(Kind::Missing),
        1 => Just(Kind::Hangs),
    ];
    let pace = prop_oneof![Just(ResultPace::Fresh), Just(ResultPace::Smooth), Just(ResultPace::Automatic)];
    prop_oneof![
        4 => kind.prop_map(Op::Open),
        1 => Just(Op::CloseSource),
        6 => model().prop_map(Op::SetModel),
        1 => Just(Op::CloseModel),
        2 => prop::collection::vec(model(), 0..4).prop_map(Op::Compare),
        2 => (0..10u8).prop_map(|tenths| Op::Thresholds(f32::from(tenths) / 10.0)),
        1 => any::<bool>().prop_map(Op::Pause),
        1 => Just(Op::Step),
        1 => (0.0..4.0f64).prop_map(Op::Seek),
        1 => any::<bool>().prop_map(Op::Loop),
        1 => any::<bool>().prop_map(Op::AsFastAsPossible),
        2 => any::<bool>().prop_map(Op::Hidden),
        2 => pace.prop_map(Op::Pace),
        1 => Just(Op::SetControl),
        1 => Just(Op::Subscribe),
        1 => Just(Op::Unsubscribe),
        5 => (0..60u64).prop_map(Op::Wait),
    ]
}

/// The engine under test, with what the user has asked of it.
struct World {
    rig: Rig,
    /// Models asked for as the first since the last was closed.
    asked: Vec<&'static str>,
    source: Option<Kind>,
    compares: bool,
    hidden: bool,
    subscriptions: Vec<(Subscription, Option<(u64, Instant)>)>,
}

impl World {
    fn new() -> Self {
        let rig = rig_by_address(|address, _| Kind::open(address));
        Self {
            rig,
            asked: Vec::new(),
            source: None,
            compares: false,
            hidden: false,
            subscriptions: Vec::new(),
        }
    }

    fn apply(&mut self, op: &Op) {
        let engine = &self.rig.engine;
        let choice = |name: &&str| ModelChoice { path: (*name).into(), ..ModelChoice::default() };
        match op {
            Op::Open(kind) => {
                self.source = Some(*kind);
                engine.send(Command::Open { address: kind.address(), camera: CameraRequest::default() });
            }
            Op::CloseSource => {
                self.source = None;
                engine.send(Command::CloseSource);
            }
            Op::SetModel(name) => {
                self.asked.push(name);
                engine.send(Command::SetModel(choice(name)));
            }
            Op::CloseModel => {
                self.asked.clear();
                self.compares = false;
                engine.send(Command::CloseModel);
            }
            Op::Compare(names) => {
                self.compares = !names.is_empty();
                engine.send(Command::Compare(names.iter().map(choice).collect()));
            }
            Op::Thresholds(conf) => {
                engine.send(Command::SetThresholds(Thresholds { conf: *conf, ..Thresholds::default() }));
            }
            Op::Pause(paused) => engine.send(Command::Pause(*paused)),
            Op::Step => engine.send(Command::Step),
            Op::Seek(time_s) => engine.send(Command::Seek(*time_s)),
            Op::Loop(repeat) => engine.send(Command::Loop(*repeat)),
            Op::AsFastAsPossible(fast) => engine.send(Command::AsFastAsPossible(*fast)),
            Op::Hidden(hidden) => {
                self.hidden = *hidden;
                engine.send(Command::Hidden(*hidden));
            }
            Op::Pace(pace) => engine.send(Command::Pace(*pace)),
            Op::SetControl => engine.send(Command::SetControl { id: 1, value: 2 }),
            Op::Subscribe => self.subscriptions.push((engine.subscribe(16), None)),
            Op::Unsubscribe => drop(self.subscriptions.pop()),
            Op::Wait(ms) => std::thread::sleep(Duration::from_millis(*ms)),
        }
    }

    /// What must hold at any moment.
    fn verify(&mut self) -> Result<(), TestCaseError> {
        let engine = &self.rig.engine;
        let state = engine.model();
        if let Some(prediction) = engine.prediction() {
            let name = prediction.model.name.as_str();
            prop_assert!(self.asked.contains(&name), "a result of {name}, which nobody asked for");
            let made_under = prediction.results.detections.first().map(|d| d.score);
            prop_assert_eq!(made_under, Some(prediction.thresholds.conf), "other thresholds than it says");
            prop_assert_eq!(prediction.results.detections[0].class_id, number(name), "another model's name");
            prop_assert!(self.source.is_some(), "a result without a source");
        }
        prop_assert!(
            self.compares || engine.comparison().is_none(),
            "a comparison although nothing is compared"
        );
        if let Some(comparison) = engine.comparison() {
            for prediction in comparison.predictions.iter().flatten() {
                prop_assert!(Arc::ptr_eq(&prediction.frame, &comparison.frame), "frames are mixed");
                let name = prediction.model.name.as_str();
                prop_assert_eq!(prediction.results.detections[0].class_id, number(name), "names are mixed");
            }
        }
        for path in state.current.iter().map(|model| &model.path).chain(&state.opening) {
            let name = path.to_string_lossy();
            prop_assert!(self.asked.iter().any(|asked| *asked == name), "{name} was not asked for");
        }
        match (self.source, &*engine.source()) {
            (None, SourceState::Closed) => prop_assert!(engine.preview().is_none()),
            (None, other) => prop_assert!(false, "the source was closed and is {other:?}"),
            (Some(kind), state) => prop_assert_eq!(state.address(), Some(&kind.address())),
        }
        for (subscription, last) in &mut self.subscriptions {
            while let Ok(prediction) = subscription.next(Duration::ZERO) {
                let now = (prediction.frame.generation, prediction.frame.captured);
                prop_assert!(last.is_none_or(|last| last <= now), "a subscriber sees time run backwards");
                *last = Some(now);
            }
        }
        let log = self.rig.log.lock().expect("no panic");
        let open = log.opened.len() - log.dropped.len();
        // Running, its predecessor, compared, a second session, three warm ones, and those that are on their way out.
        prop_assert!(open <= 2 + (MAX_COMPARED - 1) + 1 + 3 + 3, "{open} sessions are open");
        Ok(())
    }

    /// Nothing stays half done: a model that was asked for runs or has failed, and an image has its result.
    fn settles(&self) {
        let Some(last) = self.asked.last().filter(|name| **name != "hangs") else { return };
        let engine = &self.rig.engine;
        until("nothing is being opened", || engine.model().opening.is_none());
        if last.starts_with("well") && !self.hidden && matches!(self.source, Some(Kind::Image)) {
            until("the image has its result", || {
                engine.prediction().is_some_and(|prediction| prediction.model.name == *last)
            });
        }
    }

    /// Whatever has happened, a source and a model that work are shown.
    fn works(&mut self) {
        for op in [
            Op::Pause(false),
            Op::Hidden(false),
            Op::AsFastAsPossible(false),
            Op::Compare(Vec::new()),
            Op::Open(Kind::Live),
            Op::SetModel("well4"),
        ] {
            self.apply(&op);
        }
        let engine = &self.rig.engine;
        until("a model that works has a result", || {
            engine.prediction().is_some_and(|prediction| prediction.model.name == "well4")
        });
        until("the state says so", || {
            let state = engine.model();
            state.current.as_ref().is_some_and(|model| model.name == "well4")
                && state.opening.is_none()
                && state.failed.is_none()
        });
        until("frames arrive", || matches!(&*engine.source(), SourceState::Playing { .. }));
        until("nothing is compared", || engine.comparison().is_none());
        let frame = self.rig.shown();
        until("the preview goes on", || self.rig.shown() > frame.map(|n| n + 2));
    }

    /// Everything ends, promptly, and every model is closed.
    fn ends(self) {
        let Self { rig, subscriptions, .. } = self;
        let Rig { engine, log, .. } = rig;
        let begin = Instant::now();
        drop(engine);
        assert!(begin.elapsed() < Duration::from_millis(900), "stopping took {:?}", begin.elapsed());
        until("every model is closed", || {
            let log = log.lock().expect("no panic");
            log.opened.len() == log.dropped.len()
        });
        for (subscription, _) in subscriptions {
            until("subscriptions end", || {
                matches!(
                    subscription.next(Duration::ZERO),
                    Err(crossbeam_channel::RecvTimeoutError::Disconnected)
                )
            });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 4, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_engine_keeps_its_promises(ops in prop::collection::vec(op(), 1..40)) {
        let mut world = World::new();
        for op in &ops {
            world.apply(op);
            world.verify()?;
        }
        world.settles();
        world.verify()?;
        world.works();
        world.verify()?;
        world.ends();
    }
}
