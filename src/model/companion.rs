//! A second model that looks at the same frame: the pose model whose skeletons a network of actions reads, or the matting
//! model that cuts a style's image out, so that it covers the person only.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::results::{ClassScore, Plane, PlaneValues, StageTimes};
use super::skeletons::{Joints, Skeletons};
use super::spec::{Family, Spec, Task, Thresholds};
use super::{Model, ModelError, OpenOptions, Results, folders, inspect, ms_since, output};
use crate::frame::Frame;

/// An action takes seconds: the network is asked anew when this many thirtieths of a second have passed.
const EVERY: i64 = 8;

/// The second model at work.
#[derive(Debug)]
pub(super) enum Companion {
    Pose(Box<Pose>),
    Matte(Box<Matte>),
}

/// Finds the skeletons, and keeps those of the last frames.
#[derive(Debug)]
pub(super) struct Pose {
    model: Model,
    skeletons: Skeletons,
    /// Shape of the network's input.
    shape: [i64; 5],
    thresholds: Thresholds,
    /// When the first frame was taken.
    begin: Option<Instant>,
    /// The row that the network was asked at.
    asked: Option<i64>,
    /// What it said.
    top: Vec<ClassScore>,
}

/// Tells person from background.
#[derive(Debug)]
pub(super) struct Matte {
    model: Model,
    results: Results,
}

/// Which task a second model must have to work with one of this task.
#[must_use]
pub fn task_for(task: Task) -> Option<Task> {
    match task {
        Task::Action => Some(Task::Pose),
        Task::Stylize => Some(Task::Matte),
        _ => None,
    }
}

/// The models that could be the second one: those of the right kind in the model's own folder, then in the folders of
/// models.
#[must_use]
pub fn choices(path: &Path, task: Task) -> Vec<PathBuf> {
    let Some(wanted) = task_for(task) else { return Vec::new() };
    let own = path.parent().map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
    let mut places: Vec<PathBuf> = own.into_iter().map(Path::to_owned).collect();
    places.extend(folders::model_folders());
    let fits = |path: &PathBuf| {
        inspect(path).is_ok_and(|seen| seen.spec.is_ok_and(|spec| fits(&spec, wanted).is_ok()))
    };
    folders::model_files(&places).into_iter().filter(fits).collect()
}

/// Whether a model can be the second one; why not, as the end of a sentence.
fn fits(spec: &Spec, wanted: Task) -> Result<(), String> {
    if spec.task != wanted {
        return Err(format!("it is for \u{201c}{}\u{201d}, not \u{201c}{wanted}\u{201d}", spec.task));
    }
    if wanted == Task::Pose && spec.output.keypoints.is_none_or(|(count, _)| count != 17) {
        return Err("its skeletons don't have COCO's 17 points".into());
    }
    Ok(())
}

/// Opens the second model: the one that was asked for, else the sidecar's, else, for skeletons, the first that is found.
/// `shape` is that of the first model's input, `spec` is told which it is.
pub(super) fn open(
    path: &Path,
    spec: &mut Spec,
    shape: &[Option<u64>],
    options: &OpenOptions,
) -> Result<Option<Companion>, ModelError> {
    let asked = match spec.task {
        Task::Action => options.pose.clone(),
        Task::Stylize => options.matte.clone(),
        _ => return Ok(None),
    };
    let beside = |named: PathBuf| path.parent().map_or_else(|| named.clone(), |folder| folder.join(&named));
    let chosen = asked.or_else(|| spec.companion.take().map(beside));
    let chosen = match (chosen, spec.task) {
        (Some(chosen), _) => chosen,
        (None, Task::Action) => {
            choices(path, Task::Action).into_iter().next().ok_or_else(|| ModelError::CannotRun {
                path: path.to_owned(),
                reason: "it reads skeletons, and no pose model that finds them is here".into(),
                remedy: "Put a pose model with COCO's 17 points beside it (YOLO11-pose, MoveNet), or name one with --pose FILE."
                    .into(),
            })?
        }
        (None, _) => return Ok(None),
    };
    let wanted = task_for(spec.task).unwrap_or(spec.task);
    let bad = |reason: String| ModelError::BadCompanion { path: chosen.clone(), reason };
    let seen = inspect(&chosen).map_err(|e| bad(e.to_string().trim_end_matches('.').to_owned()))?;
    let second = seen.spec.map_err(|_| bad("Sightline doesn't know how to read it".into()))?;
    fits(&second, wanted).map_err(bad)?;
    let how = OpenOptions {
        threads: options.threads,
        device: options.device.clone(),
        cache: options.cache.clone(),
        cancel: options.cancel.clone(),
        ..OpenOptions::default()
    };
    let model = Model::open(&chosen, &how)?;
    let name = model.name();
    spec.companion = Some(chosen);
    if spec.family != Family::StGcn {
        spec.evidence.push(format!("\u{201c}{name}\u{201d} cuts the person out"));
        return Ok(Some(Companion::Matte(Box::new(Matte { model, results: Results::default() }))));
    }
    spec.evidence.push(format!("\u{201c}{name}\u{201d} finds the skeletons"));
    let (width, height) = spec.input.size.bound();
    let people = shape.get(4).copied().flatten().unwrap_or(2).clamp(1, 16) as usize;
    let joints = Joints::of(width).unwrap_or(Joints::Coco);
    Ok(Some(Companion::Pose(Box::new(Pose {
        model,
        skeletons: Skeletons::new(joints, height as usize, people),
        shape: [1, 3, i64::from(height), i64::from(width), people as i64],
        thresholds: Thresholds::default(),
        begin: None,
        asked: None,
        top: Vec::new(),
    }))))
}

impl Companion {
    /// The second model.
    pub fn model(&self) -> &Model {
        match self {
            Self::Pose(pose) => &pose.model,
            Self::Matte(matte) => &matte.model,
        }
    }

    /// See [`Self::model`].
    pub fn model_mut(&mut self) -> &mut Model {
        match self {
            Self::Pose(pose) => &mut pose.model,
            Self::Matte(matte) => &mut matte.model,
        }
    }

    /// Runs both models once, so that the first real frame isn't slow, and forgets what they saw.
    pub fn warm_up(&mut self, first: &mut Model) -> Result<(), ModelError> {
        match self {
            Self::Pose(pose) => {
                pose.model.warm_up()?;
                pose.skeletons.write(&mut first.session.image(&pose.shape)?);
                first.session.run(|_| ())
            }
            Self::Matte(matte) => {
                matte.model.warm_up()?;
                first.warm_up()
            }
        }
    }

    /// Looks at one frame with both models.
    pub fn run(
        &mut self,
        first: &mut Model,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        match self {
            Self::Pose(pose) => pose.run(first, frame, thresholds, results),
            Self::Matte(matte) => matte.run(first, frame, thresholds, results),
        }
    }
}

impl Pose {
    fn run(
        &mut self,
        first: &mut Model,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        // The class filter is for actions.
        (self.thresholds.conf, self.thresholds.iou) = (thresholds.conf, thresholds.iou);
        self.thresholds.max_det = thresholds.max_det;
        let mut times = self.model.run(frame, &self.thresholds, results)?;
        let before = Instant::now();
        if first.begins_anew(frame) {
            self.skeletons.clear();
            (self.begin, self.asked) = (None, None);
            self.top.clear();
        }
        let begin = *self.begin.get_or_insert(frame.captured);
        let since = || frame.captured.saturating_duration_since(begin).as_secs_f64();
        self.skeletons.push(results, frame.time_s.unwrap_or_else(since));
        let now = self.skeletons.now();
        // After a step back in a video, too.
        if self.asked.is_none_or(|asked| now >= asked + EVERY || now < asked) {
            self.top.clear();
            if self.skeletons.tell() {
                self.skeletons.write(&mut first.session.image(&self.shape)?);
                times.input += ms_since(before);
                Self::ask(first, thresholds, results, &mut times)?;
                self.top.extend_from_slice(&results.top);
                self.asked = Some(now);
            }
        }
        results.task = Task::Action;
        results.top.clear();
        results.top.extend_from_slice(&self.top);
        times.total += ms_since(before);
        Ok(times)
    }

    /// Lets the network of actions look at the skeletons in its tensor.
    fn ask(
        first: &mut Model,
        thresholds: &Thresholds,
        results: &mut Results,
        times: &mut StageTimes,
    ) -> Result<(), ModelError> {
        let begin = Instant::now();
        let Model { spec, session, .. } = first;
        let geometry = super::geometry::Geometry::new(results.frame_size, spec.input.size, spec.input.fit);
        let context = output::Context { spec, geometry: &geometry, thresholds };
        results.top.clear();
        session.run(|outputs| {
            times.inference += ms_since(begin);
            let reading = Instant::now();
            let read = output::classify::decode(outputs, context, results);
            times.output += ms_since(reading);
            read.map_err(|reason| ModelError::UnexpectedOutput { family: spec.family.name(), reason })
        })?
    }
}

impl Matte {
    fn run(
        &mut self,
        first: &mut Model,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        let mut times = first.run_alone(frame, thresholds, results)?;
        let own = self.model.run(frame, thresholds, &mut self.results)?;
        let begin = Instant::now();
        if let (Some(image), Some(matte)) = (&mut results.plane, &self.results.plane) {
            cut_out(image, matte);
        }
        let cutting = ms_since(begin);
        times.input += own.input;
        times.inference += own.inference;
        times.output += own.output + cutting;
        times.total += own.total + cutting;
        Ok(times)
    }
}

/// Makes an image as transparent as the matte says; both lie over the same frame.
fn cut_out(image: &mut Plane, matte: &Plane) {
    let PlaneValues::Image(pixels) = &mut image.values else { return };
    let PlaneValues::Matte(alpha) = &matte.values else { return };
    if matte.width == 0 || alpha.len() < matte.width * matte.height {
        return;
    }
    // Where a pixel of the image lies in the matte, an axis at a time: the two cells beside it and how far it is
    // to the second; none outside the matte.
    let place = |at: usize, count: usize, [from, to]: [f32; 2], [low, high]: [f32; 2], cells: usize| {
        let frame = from + (at as f32 + 0.5) / count as f32 * (to - from);
        let cell = (frame - low) / (high - low) * cells as f32;
        if !(0.0..=cells as f32).contains(&cell) {
            return None;
        }
        let cell = (cell - 0.5).clamp(0.0, (cells - 1) as f32);
        let near = cell as usize;
        Some((near, (near + 1).min(cells - 1), cell - near as f32))
    };
    let (p, m) = (image.region, matte.region);
    for (y, row) in pixels.chunks_exact_mut(image.width.max(1) * 4).enumerate() {
        let down = place(y, image.height, [p[1], p[3]], [m[1], m[3]], matte.height);
        for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let across = place(x, image.width, [p[0], p[2]], [m[0], m[2]], matte.width);
            pixel[3] = match (across, down) {
                (Some((x0, x1, fx)), Some((y0, y1, fy))) => {
                    let at = |x: usize, y: usize| alpha[y * matte.width + x];
                    let line = |y: usize| at(x0, y) + (at(x1, y) - at(x0, y)) * fx;
                    let value = line(y0) + (line(y1) - line(y0)) * fy;
                    (value * 255.0).round() as u8
                }
                _ => 0,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_cut_out_where_the_matte_lies_in_the_frame() {
        let mut image = Plane {
            region: [0.0, 0.0, 8.0, 2.0],
            width: 4,
            height: 1,
            values: PlaneValues::Image(vec![255; 16]),
        };
        // The matte covers the frame's right half, its left column the background.
        let matte = Plane {
            region: [4.0, 0.0, 8.0, 2.0],
            width: 2,
            height: 2,
            values: PlaneValues::Matte(vec![0.0, 1.0, 0.0, 1.0]),
        };
        cut_out(&mut image, &matte);
        let PlaneValues::Image(pixels) = &image.values else { panic!("no image") };
        let alphas: Vec<u8> = pixels.chunks(4).map(|p| p[3]).collect();
        assert_eq!(alphas, [0, 0, 0, 255]);
        assert_eq!(&pixels[..3], [255; 3], "colours stay");
    }

    #[test]
    fn only_the_right_kind_fits() {
        let mut spec = output::testing::spec(Family::MoveNet, Task::Pose, 64, 64);
        assert!(fits(&spec, Task::Matte).is_err_and(|why| why.contains("pose")));
        assert!(fits(&spec, Task::Pose).is_err_and(|why| why.contains("17")));
        spec.output.keypoints = Some((17, 3));
        assert_eq!(fits(&spec, Task::Pose), Ok(()));
    }
}
