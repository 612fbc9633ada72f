//! The words about providers and threads, in English and Chinese.

use crate::model::labels::Language;
use crate::model::runtime::Provider;

/// The words of one language.
#[derive(Debug)]
pub struct Words {
    pub provider: &'static str,
    /// Why a provider that isn't offered isn't.
    pub why_not: fn(Provider) -> &'static str,
    /// A provider was asked for and failed: which, why.
    pub fell_back: fn(&str) -> String,
    /// A provider's share: its name, nodes, per cent of the time.
    pub share: fn(&str, usize, f32) -> String,
    pub looking: &'static str,
    pub input_size: &'static str,
    pub input_size_hint: &'static str,
    pub own_size: &'static str,
    /// As large as so many results a second allow.
    pub for_rate: fn(u32) -> String,
    pub threads: &'static str,
    /// Being tried: threads, which of how many.
    pub trying: fn(usize, usize, usize) -> String,
    pub measure: &'static str,
    pub measure_hint: &'static str,
    pub stop: &'static str,
    pub needs_image: &'static str,
    /// A number of threads with the milliseconds it takes.
    pub trial: fn(usize, f32) -> String,
    pub measured_hint: &'static str,
}

impl Words {
    /// The words of a language.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }
}

static ENGLISH: Words = Words {
    provider: "Execution provider",
    why_not: |provider| match provider {
        Provider::CoreMl if !cfg!(target_os = "macos") => "For macOS only.",
        Provider::DirectMl if !cfg!(windows) => "For Windows only.",
        Provider::OpenVino => {
            "This ONNX Runtime doesn't offer it. Choose the library of Python's package onnxruntime-openvino (SIGHTLINE_ONNXRUNTIME)."
        }
        Provider::Cuda | Provider::TensorRt => {
            "This ONNX Runtime doesn't offer it. Choose the library of Python's package onnxruntime-gpu (SIGHTLINE_ONNXRUNTIME)."
        }
        _ => "This ONNX Runtime doesn't offer it.",
    },
    fell_back: |why| format!("The CPU runs it: {why}."),
    share: |provider, nodes, part| {
        let plural = if nodes == 1 { "" } else { "s" };
        format!("{provider}: {nodes} node{plural}, {part:.0} % of the time")
    },
    looking: "Looking at what ran where…",
    input_size: "Input size",
    input_size_hint: "This model takes any size. Smaller is faster and finds less that is small.",
    own_size: "its own",
    for_rate: |rate| format!("for {rate} a second"),
    threads: "Threads",
    trying: |threads, at, of| format!("Measuring {threads}… ({at} of {of})"),
    measure: "Measure",
    measure_hint: "Tries the model with more and fewer threads while the image runs, and keeps the fastest that leaves the image smooth.",
    stop: "Stop",
    needs_image: "Play a source first: threads are measured beside it.",
    trial: |threads, ms| format!("{threads}: {ms:.1} ms"),
    measured_hint: "Measured on this computer, with the image running. The fastest that leaves the image smooth was kept.",
};

static CHINESE: Words = Words {
    provider: "执行提供程序",
    why_not: |provider| match provider {
        Provider::CoreMl if !cfg!(target_os = "macos") => "仅用于 macOS。",
        Provider::DirectMl if !cfg!(windows) => "仅用于 Windows。",
        Provider::OpenVino => {
            "当前的 ONNX Runtime 不提供。请选用 Python 包 onnxruntime-openvino 里的库（SIGHTLINE_ONNXRUNTIME）。"
        }
        Provider::Cuda | Provider::TensorRt => {
            "当前的 ONNX Runtime 不提供。请选用 Python 包 onnxruntime-gpu 里的库（SIGHTLINE_ONNXRUNTIME）。"
        }
        _ => "当前的 ONNX Runtime 不提供。",
    },
    fell_back: |why| format!("由 CPU 运行：{why}。"),
    share: |provider, nodes, part| format!("{provider}：{nodes} 个节点，占用时 {part:.0} %"),
    looking: "正在查看各部分由谁运行…",
    input_size: "输入尺寸",
    input_size_hint: "该模型接受任意尺寸：越小越快，但小目标更容易漏检。",
    own_size: "模型自身",
    for_rate: |rate| format!("每秒 {rate} 次"),
    threads: "线程",
    trying: |threads, at, of| format!("正在测量 {threads} 个…（{at}/{of}）"),
    measure: "测量",
    measure_hint: "在画面运行时用不同的线程数试运行模型，并保留不影响画面流畅的最快者。",
    stop: "停止",
    needs_image: "请先播放一个来源：线程数是在画面运行时测量的。",
    trial: |threads, ms| format!("{threads} 个：{ms:.1} ms"),
    measured_hint: "在这台电脑上、画面运行时测得；保留了不影响画面流畅的最快者。",
};
