//! Pictures that are changed before they are shown and run.

use super::*;
use crate::frame::PixelFormat;
use crate::frame::perturb::Perturbation;
use crate::source::Read;

/// One image, and then nothing more.
struct Still {
    info: SourceInfo,
    is_read: bool,
}

impl Source for Still {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> Result<Read, SourceError> {
        if std::mem::replace(&mut self.is_read, true) {
            std::thread::sleep(timeout);
            return Ok(Read::Nothing);
        }
        frame.reset(16, 16, PixelFormat::Rgba8);
        frame.data.fill(100);
        Ok(Read::Frame)
    }
}

fn engine() -> Engine {
    let factories = Factories {
        source: Box::new(|_, _| {
            Ok(Box::new(Still { info: SourceInfo::new("still", Pace::Live), is_read: false }))
        }),
        model: model_factory(&Arc::default(), &Arc::default()),
    };
    let engine = Engine::start_with(EngineOptions::new(Arc::new(|| {})), factories);
    engine.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    engine
}

/// Red of the first pixel of the preview.
fn red(engine: &Engine) -> Option<u8> {
    engine.preview().and_then(|frame| frame.data.first().copied())
}

#[test]
fn a_picture_that_stands_still_is_changed_run_again_and_comes_back() {
    let engine = engine();
    engine.send(Command::SetModel(ModelChoice { path: "well".into(), ..ModelChoice::default() }));
    until("it is shown and run", || red(&engine) == Some(100) && engine.prediction().is_some());
    let began = Instant::now();
    let brighter = |brightness| Some(Perturbation { brightness, ..Perturbation::default() });
    engine.send(Command::Perturb(brighter(0.2)));
    until("it is brighter", || red(&engine) == Some(151));
    until("the model sees the brighter one", || {
        engine.prediction().is_some_and(|prediction| prediction.frame.data[0] == 151)
    });
    let is_changed = || engine.prediction().is_some_and(|prediction| prediction.frame.is_changed);
    assert!(is_changed());
    // Results belong to frames by the time of their capture: each picture has its own.
    let captured = || engine.prediction().map(|prediction| prediction.frame.captured);
    let mut times = vec![captured()];
    engine.send(Command::Perturb(brighter(-0.2)));
    until("changes start from the picture as it came", || red(&engine) == Some(49));
    until("the model sees the darker one", || {
        engine.prediction().is_some_and(|prediction| prediction.frame.data[0] == 49)
    });
    times.push(captured());
    // Longer than such a picture is said to be old.
    std::thread::sleep(Duration::from_millis(300));
    engine.send(Command::Perturb(None));
    until("it is as it came", || red(&engine) == Some(100));
    until("the model sees that", || {
        engine.prediction().is_some_and(|prediction| prediction.frame.data[0] == 100)
    });
    assert!(!is_changed(), "it is the picture as it came again");
    times.push(captured());
    assert!(times.is_sorted_by(|before, after| before < after), "{times:?}");
    let age = engine.preview().expect("a picture").captured.elapsed();
    assert!(age < began.elapsed(), "it is as old as its last change");
    // A change that is asked for before a source is open counts for it too.
    engine.send(Command::Perturb(brighter(0.2)));
    engine.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    until("the next source is changed", || red(&engine) == Some(151));
}
