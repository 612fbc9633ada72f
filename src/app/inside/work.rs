//! What the worker does, one step after the other: reads the graph, measures the layers, and looks at one frame after the other for the
//! tab that is shown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::board::Board;
use super::diagram_layout::Diagram;
use super::found::{AgainstFound, Doing, KernelsFound, LayersFound};
use super::look_maps::MapsLook;
use super::look_masks::MasksLook;
use super::look_why::WhyLook;
use super::order::{Order, Subject};
use super::picturing::kernel_sheet;
use super::{look_input, look_output};
use crate::app::intent::{InsideTab, WhyMethod, WhyTarget};
use crate::frame::{Frame, Scene};
use crate::learn::inside::cam::{layer_at, usual_layer};
use crate::learn::inside::kernels::Kernels;
use crate::learn::inside::linear_end::LinearEnd;
use crate::learn::inside::maps::Planes;
use crate::learn::inside::why::level_of;
use crate::learn::inside::{Graph, Layer, Layers, diverge, layers, measure};
use crate::model::{CancelToken, Inside, Model, ModelError, OpenOptions};

/// At most ten looks a second: what changes faster can't be followed, and the processor belongs to the live view.
const EVERY: Duration = Duration::from_millis(100);

/// Kernels that are shown.
const KERNELS: usize = 96;

/// More layers than this aren't laid out as a diagram.
const DIAGRAM: usize = 8000;

/// The level of a detector's head that found what is explained.
struct Level {
    /// What it was found for: the target, the number of tries, the source.
    of: (WhyTarget, u64, Scene),
    /// `None`: the head has no such levels.
    stride: Option<u32>,
}

/// What the thread holds.
pub struct Work {
    subject: Subject,
    board: Arc<Board>,
    cancel: CancelToken,
    order: Arc<Order>,
    pub(super) frame: Option<Arc<Frame>>,
    graph: Option<Graph>,
    end: Option<LinearEnd>,
    layers: Option<Arc<LayersFound>>,
    level: Option<Level>,
    /// The number of the measurement that `layers` holds.
    measured: Option<u64>,
    /// The open session, and the tensors that it was opened with.
    session: Option<(Vec<String>, Model)>,
    /// What can't be met: nothing is tried until another order comes.
    stuck: Option<Arc<Order>>,
    /// What was looked at last, and when.
    looked: Option<(Arc<Order>, Arc<Frame>)>,
    looked_at: Option<Instant>,
    maps: MapsLook,
    masks: MasksLook,
    why: WhyLook,
    /// The comparison that was made, by the number of tries and the source.
    compared: Option<(std::path::PathBuf, u64, u64)>,
}

impl Work {
    /// Nothing is known of the model yet.
    pub fn new(subject: Subject, board: Arc<Board>, cancel: CancelToken) -> Self {
        Self {
            subject,
            board,
            cancel,
            order: Arc::new(Order::default()),
            frame: None,
            graph: None,
            end: None,
            layers: None,
            level: None,
            measured: None,
            session: None,
            stuck: None,
            looked: None,
            looked_at: None,
            maps: MapsLook::default(),
            masks: MasksLook::default(),
            why: WhyLook::default(),
            compared: None,
        }
    }

    /// Takes over what is shown now.
    pub fn order(&mut self, order: Arc<Order>) {
        if order.frozen.is_none() {
            self.maps.thaw();
        }
        if !order.masks {
            self.masks.forget();
        }
        self.order = order;
        self.stuck = None;
        self.board.put(|found| found.failed = None);
    }

    /// Takes over the newest frame.
    pub fn frame(&mut self, frame: Arc<Frame>) {
        let is_other_source = self.frame.as_ref().is_some_and(|old| !old.shows_as(&frame));
        if is_other_source {
            // What can't be done with one source's pictures may be done with another's.
            self.stuck = None;
            self.board.put(|found| {
                found.failed = None;
                *found = std::mem::take(found).of_source(Some(&frame));
            });
        }
        self.frame = Some(frame);
    }

    /// Does the next step. Returns when to do another one; `None`: once something is told.
    pub fn step(&mut self) -> Option<Duration> {
        if self.stuck.is_some() || self.cancel.is_cancelled() {
            return None;
        }
        self.next().unwrap_or_else(|error| {
            self.fail(error);
            None
        })
    }

    /// Notes that a step ended by a panic: what it held may be half done.
    pub fn panicked(&mut self) {
        self.session = None;
        self.fail(ModelError::RunFailed { reason: "the program made a mistake".into() });
    }

    fn fail(&mut self, error: ModelError) {
        if self.cancel.is_cancelled() {
            return;
        }
        tracing::debug!("inside: {error}");
        self.stuck = Some(Arc::clone(&self.order));
        self.session = None;
        let error = Arc::new(error);
        self.board.put(|found| {
            found.failed = Some(error);
            found.doing = Doing::Watching;
        });
    }

    fn next(&mut self) -> Result<Option<Duration>, ModelError> {
        if self.graph.is_none() {
            self.doing(Doing::Reading);
            self.read_graph()?;
            return Ok(Some(Duration::ZERO));
        }
        let order = Arc::clone(&self.order);
        if self.needs_layers(&order) {
            self.doing(Doing::Measuring);
            self.measure(order.measures)?;
            self.doing(Doing::Watching);
            return Ok(Some(Duration::ZERO));
        }
        let tensors = match order.tab {
            InsideTab::Layers => {
                self.session = None;
                return Ok(None);
            }
            InsideTab::Perturb => {
                self.session = None;
                return self.compare(&order);
            }
            // Kernels are of the file: nothing runs for them.
            InsideTab::Maps if order.kernels => return Ok(None),
            InsideTab::Maps => order.tensor.clone().or_else(|| self.unchosen(&order)).into_iter().collect(),
            // Its layer depends on what is found in the frame.
            InsideTab::Why if order.method == WhyMethod::Activation => Vec::new(),
            InsideTab::Why => match &self.session {
                // Any session is good enough for it.
                Some((tensors, _)) => tensors.clone(),
                None => Vec::new(),
            },
            InsideTab::Input | InsideTab::Output => Vec::new(),
        };
        let Some(newest) = self.frame.clone() else { return Ok(None) };
        // What is frozen are the maps that are seen, and what is followed the candidates that are seen, not those of the next frame.
        let seen = self.looked.as_ref().filter(|(of, on)| {
            let is_freezing = order.frozen.is_some() && of.frozen != order.frozen;
            (is_freezing || order.held) && of.tab == order.tab && on.shows_as(&newest)
        });
        let frame = seen.map_or(newest, |(_, on)| Arc::clone(on));
        let is_done =
            self.looked.as_ref().is_some_and(|(of, on)| Arc::ptr_eq(of, &order) && Arc::ptr_eq(on, &frame));
        let goes_on = order.tab == InsideTab::Why && self.why.goes_on(&order, &frame);
        if is_done && !goes_on {
            return Ok(None);
        }
        let same_order = self.looked.as_ref().is_some_and(|(of, _)| Arc::ptr_eq(of, &order));
        let rest = self.looked_at.map_or(Duration::ZERO, |at| EVERY.saturating_sub(at.elapsed()));
        if same_order && !rest.is_zero() && !goes_on {
            return Ok(Some(rest));
        }
        let tensors = if order.tab == InsideTab::Why && order.method == WhyMethod::Activation {
            self.find_level(&order, &frame)?;
            self.why_layer(&order, &frame).into_iter().collect()
        } else {
            tensors
        };
        self.open(tensors)?;
        self.looked_at = Some(Instant::now());
        self.look(&order, &frame)?;
        self.looked = Some((order, frame));
        Ok(Some(Duration::ZERO))
    }

    fn look(&mut self, order: &Order, frame: &Arc<Frame>) -> Result<(), ModelError> {
        let Some((tensors, model)) = &mut self.session else { return Ok(()) };
        let layer = tensors.first().map(String::as_str);
        match order.tab {
            InsideTab::Input => {
                let input = Arc::new(look_input::look(model, frame)?);
                self.board.put(|found| found.input = Some(input));
            }
            InsideTab::Output if order.masks => {
                let masks = Arc::new(self.masks.look(model, frame, order)?);
                self.board.put(|found| found.masks = Some(masks));
            }
            InsideTab::Output => {
                let output = Arc::new(look_output::look(&mut self.maps, model, frame, order)?);
                self.board.put(|found| found.output = Some(output));
            }
            InsideTab::Maps => {
                if let Some(layer) = layer {
                    let maps = Arc::new(self.maps.look(model, frame, layer, order)?);
                    self.board.put(|found| found.maps = Some(maps));
                }
            }
            InsideTab::Why => {
                let end = self.end.as_ref();
                if let Some(why) = self.why.look(model, frame, layer, end, order, &self.cancel)? {
                    let why = Arc::new(why);
                    self.board.put(|found| found.why = Some(why));
                }
            }
            InsideTab::Layers | InsideTab::Perturb => {}
        }
        Ok(())
    }

    fn doing(&self, doing: Doing) {
        self.board.put(|found| found.doing = doing);
    }

    /// How a session of the page is opened: as the live one, with one thread, because both run at once.
    fn options(&self, tensors: &[String]) -> OpenOptions {
        OpenOptions {
            threads: Some(1),
            cache: None,
            cancel: Some(self.cancel.clone()),
            inside: Some(Inside { tensors: tensors.to_vec(), ..Inside::default() }),
            ..self.subject.options.clone()
        }
    }

    fn open(&mut self, tensors: Vec<String>) -> Result<(), ModelError> {
        if self.session.as_ref().is_some_and(|(of, _)| *of == tensors) {
            return Ok(());
        }
        // The old one goes first: two of a large model may not fit.
        self.session = None;
        self.doing(Doing::Opening);
        let model = Model::open(&self.subject.path, &self.options(&tensors))?;
        self.session = Some((tensors, model));
        self.doing(Doing::Watching);
        Ok(())
    }

    fn read_graph(&mut self) -> Result<(), ModelError> {
        let graph = Graph::read(&self.subject.path)?;
        self.end = LinearEnd::find(&graph);
        let kernels = Kernels::first(&graph, self.subject.colours).map(|kernels| {
            Arc::new(KernelsFound {
                count: kernels.count,
                size: (kernels.width, kernels.height),
                sheet: kernel_sheet(&kernels, KERNELS),
            })
        });
        let list = layers::of(&graph, &std::collections::HashMap::new());
        let layers = Arc::new(layers_found(list, false, None, &graph));
        self.layers = Some(Arc::clone(&layers));
        self.graph = Some(graph);
        self.board.put(|found| {
            found.kernels = kernels;
            found.layers = Some(layers);
            found.doing = Doing::Watching;
        });
        Ok(())
    }

    fn needs_layers(&self, order: &Order) -> bool {
        let wanted = match order.tab {
            InsideTab::Layers => true,
            InsideTab::Maps => order.tensor.is_none(),
            InsideTab::Why => order.method == WhyMethod::Activation && self.end.is_none(),
            InsideTab::Perturb => order.against.is_some(),
            InsideTab::Input | InsideTab::Output => false,
        };
        let is_there = match order.tab {
            InsideTab::Layers => self.measured == Some(order.measures),
            _ => self.measured.is_some(),
        };
        wanted && !is_there
    }

    fn measure(&mut self, number: u64) -> Result<(), ModelError> {
        // Its memory is needed, and its time would be measured with the rest.
        self.session = None;
        let options = OpenOptions {
            threads: Some(self.subject.threads),
            cancel: Some(self.cancel.clone()),
            ..self.subject.options.clone()
        };
        let grey = || Arc::new(Frame::filled(640, 480, [114, 114, 114, 255]));
        let frame = self.frame.clone().unwrap_or_else(grey);
        let list = measure(&self.subject.path, &options, &frame)?;
        let diagram = self.layers.as_ref().and_then(|layers| layers.diagram.clone());
        let Some(graph) = &self.graph else { return Ok(()) };
        let layers = Arc::new(layers_found(list, true, diagram, graph));
        self.layers = Some(Arc::clone(&layers));
        self.measured = Some(number);
        self.board.put(|found| found.layers = Some(layers));
        Ok(())
    }

    /// The tensor whose maps are shown while none is chosen.
    fn unchosen(&self, order: &Order) -> Option<String> {
        self.layers.as_ref()?.shown(order.first).map(str::to_owned)
    }

    /// The tensor that says most.
    fn usual(&self) -> Option<String> {
        self.layers.as_ref()?.usual.clone()
    }

    /// Finds the level of a detector's head that found the target, once for a target and a source: small and large objects rest on different layers.
    fn find_level(&mut self, order: &Order, frame: &Frame) -> Result<(), ModelError> {
        let is_known = self.level_for(order, frame).is_some();
        if self.end.is_some() || is_known {
            return Ok(());
        }
        if self.session.is_none() {
            // Any session is good enough for it.
            self.open(self.usual().into_iter().collect())?;
        }
        let Some((_, model)) = &mut self.session else { return Ok(()) };
        if !model.spec().task.finds_objects() {
            return Ok(());
        }
        // Where nothing is found, the next frame may tell.
        if let Some(target) = self.why.find_target(model, frame, order)? {
            let stride = level_of(model, frame, target)?;
            self.level = Some(Level { of: (order.target, order.tries, frame.scene()), stride });
        }
        Ok(())
    }

    /// The level that was found, if it was found for this.
    fn level_for(&self, order: &Order, frame: &Frame) -> Option<&Level> {
        let wanted = (order.target, order.tries, frame.scene());
        self.level.as_ref().filter(|level| level.of == wanted)
    }

    /// The tensor whose activations explain results, as on the command line.
    fn why_layer(&self, order: &Order, frame: &Frame) -> Option<String> {
        if let Some(end) = &self.end {
            return Some(end.features.clone());
        }
        let stride = self.level_for(order, frame).and_then(|level| level.stride);
        let of_level = stride.and_then(|stride| layer_at(&self.layers.as_ref()?.list, Some(stride)));
        of_level.map(str::to_owned).or_else(|| self.usual())
    }

    /// Compares with another form of the model, once.
    fn compare(&mut self, order: &Order) -> Result<Option<Duration>, ModelError> {
        let (Some(other), Some(layers)) = (&order.against, &self.layers) else {
            if self.compared.take().is_some() {
                self.board.put(|found| found.against = None);
            }
            return Ok(None);
        };
        let Some(frame) = self.frame.clone() else { return Ok(None) };
        let (generation, sequence) = (frame.generation, frame.sequence);
        let wanted = Some((other.clone(), order.tries, generation));
        if self.compared == wanted {
            return Ok(None);
        }
        self.doing(Doing::Comparing);
        // What was chosen for the first file says nothing of how the other one is read.
        let own = &self.subject.options;
        let options = OpenOptions {
            device: own.device.clone(),
            isolation: own.isolation.clone(),
            known: own.known.clone(),
            threads: Some(1),
            cancel: Some(self.cancel.clone()),
            ..OpenOptions::default()
        };
        let paths = [self.subject.path.as_path(), other.as_path()];
        let comparison = diverge::compare(paths, &layers.list, &options, &frame)?;
        let path = other.clone();
        let against = Arc::new(AgainstFound { path, generation, sequence, comparison });
        self.compared = wanted;
        self.board.put(|found| {
            found.against = Some(against);
            found.doing = Doing::Watching;
        });
        Ok(None)
    }
}

/// Layers with what the page needs besides; a diagram that was laid out before is used again.
fn layers_found(list: Layers, is_measured: bool, diagram: Option<Diagram>, graph: &Graph) -> LayersFound {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for layer in &list.layers {
        match kinds.iter_mut().find(|(kind, _)| *kind == layer.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((layer.kind.clone(), 1)),
        }
    }
    kinds.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let diagram = diagram.or_else(|| (list.layers.len() <= DIAGRAM).then(|| laid_out(&list)));
    let usual = usual_layer(&list).map(str::to_owned).or_else(|| any_maps(&list)).filter(|_| is_measured);
    let first = list.layers.iter().find(|layer| layer.kind.contains("Conv") && is_stack(layer, &list));
    let first = first.and_then(|layer| layer.outputs.first().cloned()).filter(|_| is_measured);
    let slowest_ms = list.layers.iter().filter_map(|layer| layer.ms).fold(0.0, f32::max);
    let outputs = graph.outputs().map(str::to_owned).collect();
    LayersFound { list, is_measured, diagram, kinds, slowest_ms, usual, first, outputs }
}

/// Whether what a layer makes is a stack of maps.
fn is_stack(layer: &Layer, list: &Layers) -> bool {
    layer.size.as_ref().is_some_and(|size| Planes::of_shape(&size.shape, list.input_size).is_some())
}

/// The last tensor that is a stack of maps, whatever it holds.
fn any_maps(list: &Layers) -> Option<String> {
    let stack = list.layers.iter().rfind(|layer| is_stack(layer, list));
    stack.or(list.layers.last())?.outputs.first().cloned()
}

fn laid_out(list: &Layers) -> Diagram {
    let mut makers = std::collections::HashMap::new();
    for (place, layer) in list.layers.iter().enumerate() {
        for output in &layer.outputs {
            makers.insert(output.as_str(), place);
        }
    }
    let wires: Vec<(usize, usize)> = list
        .layers
        .iter()
        .enumerate()
        .flat_map(|(place, layer)| {
            layer.inputs.iter().filter_map(|name| makers.get(name.as_str())).map(move |from| (*from, place))
        })
        .collect();
    Diagram::of(list.layers.len(), &wires)
}
